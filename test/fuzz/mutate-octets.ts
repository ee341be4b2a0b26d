import type { Random } from './random.js';

const interesting = [0, 1, 4, 5, 9, 0x1f, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0xff];

/** A copy of `octets` in which a few things are wrong. */
export function mutateOctets(octets: Uint8Array, random: Random): Buffer {
  let mutated: Buffer = Buffer.from(octets);
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(mutated.length + 1);
    switch (random.below(6)) {
      case 0:
        if (at < mutated.length) mutated[at] ^= 1 << random.below(8);
        break;
      case 1:
        if (at < mutated.length) mutated[at] = random.pick(interesting);
        break;
      case 2:
        mutated = Buffer.concat([mutated.subarray(0, at), mutated.subarray(at + 1 + random.below(8))]);
        break;
      case 3:
        mutated = Buffer.concat([mutated.subarray(0, at), random.octets(1 + random.below(8)), mutated.subarray(at)]);
        break;
      case 4: {
        const from = random.below(mutated.length + 1);
        const piece = mutated.subarray(from, from + random.below(40));
        mutated = Buffer.concat([mutated.subarray(0, at), piece, mutated.subarray(at)]);
        break;
      }
      case 5:
        mutated = mutated.subarray(0, at);
        break;
    }
  }
  return mutated;
}
