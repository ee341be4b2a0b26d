import { UsageError } from './usage-error.js';

/**
 * Reads a whole number from 0 on, in decimal or another base.
 *
 * @throws UsageError
 */
export function parseInteger(
  text: string,
  { base = 10, example }: { readonly base?: 8 | 10; readonly example: string },
): number {
  const digits = base === 8 ? /^(0o?)?[0-7]+$/ : /^\d+$/;
  const value = digits.test(text) ? Number.parseInt(text.replace('o', ''), base) : Number.NaN;
  if (!Number.isSafeInteger(value)) {
    throw new UsageError(`Write ${base === 8 ? 'an octal' : 'a whole'} number, such as ${example}`);
  }
  return value;
}
