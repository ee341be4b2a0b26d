import { UsageError } from './usage-error.js';

/**
 * Reads `key=value`; the value may hold further `=`.
 *
 * @param example of what is wanted, for the error.
 * @throws UsageError
 */
export function parsePair(text: string, example: string): readonly [key: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`Write it like ${example}`);
  return [text.slice(0, at), text.slice(at + 1)];
}
