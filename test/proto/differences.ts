/** Every place where two JSON values differ, one line each: `messages.A.fields.b.number: 1 became 2`. */
export function differences(expected: unknown, actual: unknown, path = ''): string[] {
  if (!isContainer(expected) || !isContainer(actual)) {
    return Object.is(expected, actual) ? [] : [`${path}: ${print(expected)} became ${print(actual)}`];
  }
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...keys].flatMap((key) => differences(expected[key], actual[key], path === '' ? key : `${path}.${key}`));
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function print(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
