import type { Size } from './volume-spec.js';

const units: { readonly [suffix: string]: bigint } = {
  '': 1n,
  ...{ k: 10n ** 3n, M: 10n ** 6n, G: 10n ** 9n, T: 10n ** 12n, P: 10n ** 15n },
  ...{ Ki: 2n ** 10n, Mi: 2n ** 20n, Gi: 2n ** 30n, Ti: 2n ** 40n, Pi: 2n ** 50n },
};

/** What int64, which CSI has for it, can hold. */
const MOST = 2n ** 63n - 1n;

/**
 * Bytes of a size as people and Kubernetes write it.
 *
 * @throws TypeError for what is none.
 */
export function parseSize(size: Size): bigint {
  const [, digits, suffix = ''] = /^(\d+)([kMGTP]|[KMGTP]i)?$/.exec(String(size)) ?? [];
  const bytes = digits === undefined ? 0n : BigInt(digits) * units[suffix]!;
  if (bytes > 0n && bytes <= MOST) return bytes;
  const shown = typeof size === 'string' ? JSON.stringify(size) : String(size);
  throw new TypeError(`${shown} is no size: write bytes, or a text such as 64Mi, 1Gi or 1500M`);
}
