/** The symbol that no string may contain: its code only ever appears, cut short, as padding (RFC 7541 section 5.2). */
export const END_OF_STRING = 256;

/**
 * The code of RFC 7541 appendix B. It is canonical, so the symbols in order of code length (and of value within one
 * length) say everything; the codes are counted up from them.
 */
// biome-ignore format: one line per code length
const SYMBOLS_BY_LENGTH: readonly (readonly [length: number, symbols: readonly number[]])[] = [
  [5, [...ascii('012aceiost')]],
  [6, [...ascii(' %-./3456789=A_bdfghlmnpru')]],
  [7, [...ascii(':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz')]],
  [8, [...ascii('&*,;XZ')]],
  [10, [...ascii('!"()?')]],
  [11, [...ascii("'+|")]],
  [12, [...ascii('#>')]],
  [13, [0, ...ascii('$@[]~')]],
  [14, [...ascii('^}')]],
  [15, [...ascii('<`{')]],
  [19, [...ascii('\\'), 195, 208]],
  [20, [128, 130, 131, 162, 184, 194, 224, 226]],
  [21, [153, 161, 167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230]],
  [22, [129, 132, 133, 134, 136, 146, 154, 156, 160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187, 189, 190, 196,
        198, 228, 232, 233]],
  [23, [1, 135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158, 165, 166, 168, 174, 175, 180, 182,
        183, 188, 191, 197, 231, 239]],
  [24, [9, 142, 144, 145, 148, 159, 171, 206, 215, 225, 236, 237]],
  [25, [199, 207, 234, 235]],
  [26, [192, 193, 200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255]],
  [27, [203, 204, 211, 212, 214, 221, 222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252, 253, 254]],
  [28, [2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127, 220,
        249]],
  [30, [10, 13, 22, END_OF_STRING]],
];

/** Bits of each symbol's code. */
export const HUFFMAN_LENGTHS = new Uint8Array(257);

/** Each symbol's code, right-aligned. */
export const HUFFMAN_CODES = new Uint32Array(257);

let code = 0;
let previousLength = 0;
for (const [length, symbols] of SYMBOLS_BY_LENGTH) {
  code <<= length - previousLength;
  previousLength = length;
  for (const symbol of symbols) {
    HUFFMAN_LENGTHS[symbol] = length;
    HUFFMAN_CODES[symbol] = code++;
  }
}

function ascii(characters: string): Iterable<number> {
  return new TextEncoder().encode(characters);
}
