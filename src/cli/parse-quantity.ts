import { UsageError } from './usage-error.js';

const UNITS = new Map([
  ['', 1n],
  ...['k', 'M', 'G', 'T', 'P'].map((suffix, index) => [suffix, 1000n ** BigInt(index + 1)] as const),
  ...['Ki', 'Mi', 'Gi', 'Ti', 'Pi'].map((suffix, index) => [suffix, 1024n ** BigInt(index + 1)] as const),
]);

/**
 * Reads a size as Kubernetes writes it: `10Gi`, `500M`, `4096`.
 *
 * @throws UsageError for anything else, also fractions.
 */
export function parseQuantity(text: string): bigint {
  const [, digits, suffix] = /^(\d+)([A-Za-z]*)$/.exec(text) ?? [];
  const unit = suffix === undefined ? undefined : UNITS.get(suffix);
  if (digits === undefined || unit === undefined) {
    throw new UsageError(`A size is a number of bytes, or with one of ${[...UNITS.keys()].join(' ').trim()}: 10Gi`);
  }
  return BigInt(digits) * unit;
}
