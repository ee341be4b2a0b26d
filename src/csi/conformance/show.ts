const LONGEST = 600;

/** A value on one line, cut when it is long. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? Number(one) : one));
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}...`;
}
