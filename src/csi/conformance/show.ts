const LONGEST = 600;

/** A value on one line, cut when it is long. */
export function show(value: unknown): string {
  const text =
    JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? Number(one) : one)) ?? String(value);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}...`;
}
