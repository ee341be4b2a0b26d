import { HpackError } from './hpack-error.js';
import { END_OF_STRING, HUFFMAN_CODES, HUFFMAN_LENGTHS } from './huffman-code.js';
import { checkLatin1 } from './latin1.js';

/**
 * The code as a tree of tables, one octet per step. An entry is either `symbol << 4 | bits`, where `bits` (1 to 8) says how
 * much of the octet the code takes, or NEXT plus the offset of the table for the octet after it.
 */
const NEXT = 0x8000;
const TREE = buildTree();

/** Octets that `text` takes in Huffman coding. @throws TypeError when it is not latin1 */
export function huffmanLength(text: string): number {
  checkLatin1(text);
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += HUFFMAN_LENGTHS[text.charCodeAt(i)];
  return (bits + 7) >>> 3;
}

/** Writes `text` (latin1) at `offset` and returns the offset behind it. The caller made room for `huffmanLength(text)`. */
export function huffmanEncode(text: string, target: Uint8Array, offset: number): number {
  let pending = 0;
  let pendingBits = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i);
    let code = HUFFMAN_CODES[symbol];
    let bits = HUFFMAN_LENGTHS[symbol];
    // Up to 7 pending bits and a code of up to 30 do not fit an int32: a long code goes in two parts.
    if (bits > 16) {
      bits -= 16;
      pending = (pending << bits) | (code >>> 16);
      pendingBits += bits;
      while (pendingBits >= 8) target[offset++] = pending >>> (pendingBits -= 8);
      code &= 0xffff;
      bits = 16;
    }
    pending = (pending << bits) | code;
    pendingBits += bits;
    while (pendingBits >= 8) target[offset++] = pending >>> (pendingBits -= 8);
  }
  if (pendingBits > 0) {
    const padding = 8 - pendingBits;
    target[offset++] = (pending << padding) | ((1 << padding) - 1);
  }
  return offset;
}

/** Octets that `length` octets of Huffman coding can at most decode to: the shortest code has five bits. */
export function huffmanDecodedBound(length: number): number {
  return Math.ceil((length * 8) / 5);
}

/**
 * Decodes `source` from `start` to `end` into the beginning of `target` and returns the number of octets written.
 * The caller made room for `huffmanDecodedBound(end - start)`.
 *
 * @throws HpackError when the string contains EOS or ends in anything but up to seven ones (RFC 7541 section 5.2)
 */
export function huffmanDecode(source: Uint8Array, start: number, end: number, target: Uint8Array): number {
  let written = 0;
  let table = 0;
  let pending = 0;
  let pendingBits = 0;
  let bitsOfSymbol = 0;
  for (let i = start; i < end; i++) {
    pending = (pending << 8) | source[i];
    pendingBits += 8;
    bitsOfSymbol += 8;
    do {
      const entry = TREE[table + ((pending >>> (pendingBits - 8)) & 0xff)];
      if (entry >= NEXT) {
        table = entry - NEXT;
        pendingBits -= 8;
      } else {
        if (entry >>> 4 === END_OF_STRING) throw endOfString();
        target[written++] = entry >>> 4;
        pendingBits -= entry & 0xf;
        bitsOfSymbol = pendingBits;
        table = 0;
      }
    } while (pendingBits >= 8);
  }
  // What is left is shorter than an octet: whole symbols with the beginning of a code behind them, or that beginning alone.
  while (pendingBits > 0) {
    const entry = TREE[table + ((pending << (8 - pendingBits)) & 0xff)];
    const bits = entry & 0xf;
    if (entry >= NEXT || bits > pendingBits) break;
    if (entry >>> 4 === END_OF_STRING) throw endOfString();
    target[written++] = entry >>> 4;
    pendingBits -= bits;
    bitsOfSymbol = pendingBits;
    table = 0;
  }
  if (bitsOfSymbol > 7) throw new HpackError('the padding of a Huffman-coded string is longer than seven bits');
  const ones = (1 << pendingBits) - 1;
  if ((pending & ones) !== ones) throw new HpackError('the padding of a Huffman-coded string is not all ones');
  return written;
}

function endOfString(): HpackError {
  return new HpackError('a Huffman-coded string contains EOS');
}

function buildTree(): Uint16Array {
  const tree: number[] = new Array(256).fill(0);
  for (let symbol = 0; symbol < HUFFMAN_LENGTHS.length; symbol++) {
    const code = HUFFMAN_CODES[symbol];
    let bits = HUFFMAN_LENGTHS[symbol];
    let table = 0;
    while (bits > 8) {
      bits -= 8;
      const slot = table + ((code >>> bits) & 0xff);
      if (tree[slot] === 0) {
        tree[slot] = NEXT + tree.length;
        tree.push(...new Array(256).fill(0));
      }
      table = tree[slot] - NEXT;
    }
    const first = table + ((code << (8 - bits)) & 0xff);
    tree.fill((symbol << 4) | bits, first, first + (1 << (8 - bits)));
  }
  return Uint16Array.from(tree);
}
