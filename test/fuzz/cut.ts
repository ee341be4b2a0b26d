import type { Random } from './random.js';

/** `octets` in pieces, each in memory of its own, since what is received must not change. */
export function cut(octets: Uint8Array, random: Random): Uint8Array[] {
  const most = random.pick([1, 3, 10, 100, 1_000, 100_000]);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < octets.length; ) {
    const to = Math.min(octets.length, at + 1 + random.below(most));
    pieces.push(Uint8Array.prototype.slice.call(octets, at, to));
    at = to;
  }
  return pieces;
}
