import { HpackError } from './hpack-error.js';

/** Where reading stands in a header block. */
export interface BlockPosition {
  block: Uint8Array;
  offset: number;
}

/** The largest value read or written: it stays a small integer for the engine, and nothing real comes near it. */
export const MAX_INTEGER = 0x7fff_ffff;

/** Octets that `writeInteger` may fill: the prefix and 31 bits in groups of seven. */
export const MAX_INTEGER_LENGTH = 6;

/**
 * Reads the prefix integer (RFC 7541 section 5.1) at `at.offset` and moves the offset behind it.
 *
 * @param prefix the bits of the first octet that belong to the integer, all ones: 0x7f for a prefix of seven bits
 * @throws HpackError when the block ends inside it, it passes 2^31-1, or it is padded to more than five octets
 */
export function readInteger(at: BlockPosition, prefix: number): number {
  const { block } = at;
  let offset = at.offset;
  if (offset >= block.length) throw truncated();
  let value = block[offset++] & prefix;
  if (value === prefix) {
    // A factor instead of a shift: the fifth group would reach the sign bit.
    let factor = 1;
    for (let octets = 0; ; octets++) {
      if (octets === MAX_INTEGER_LENGTH - 1) throw new HpackError('an integer has more than five continuation octets');
      if (offset >= block.length) throw truncated();
      const octet = block[offset++];
      value += (octet & 0x7f) * factor;
      if (value > MAX_INTEGER) throw new HpackError('an integer is larger than 2^31-1');
      if (octet < 0x80) break;
      factor *= 0x80;
    }
  }
  at.offset = offset;
  return value;
}

/**
 * Writes a prefix integer and returns the offset behind it. The caller made room for `MAX_INTEGER_LENGTH` octets.
 *
 * @param pattern the bits of the first octet above the prefix
 * @param prefix as in `readInteger`
 * @param value 0 to 2^31-1
 */
export function writeInteger(
  target: Uint8Array,
  offset: number,
  pattern: number,
  prefix: number,
  value: number,
): number {
  if (value < prefix) {
    target[offset] = pattern | value;
    return offset + 1;
  }
  target[offset++] = pattern | prefix;
  let rest = value - prefix;
  while (rest >= 0x80) {
    target[offset++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[offset++] = rest;
  return offset;
}

function truncated(): HpackError {
  return new HpackError('the header block ends inside an integer');
}
