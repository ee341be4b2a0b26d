import { describe, expect, it } from 'vitest';
import { END_OF_STRING, HUFFMAN_CODES, HUFFMAN_LENGTHS } from '../../../src/http2/hpack/huffman-code.js';

describe('the Huffman code', () => {
  it('is complete: no bits are left over and no two codes overlap', () => {
    let sum = 0;
    for (const length of HUFFMAN_LENGTHS) sum += 2 ** -length;
    expect(sum).toBe(1);
    const codes = Array.from(HUFFMAN_CODES, (code, symbol) => code.toString(2).padStart(HUFFMAN_LENGTHS[symbol], '0'));
    codes.sort();
    for (let i = 1; i < codes.length; i++) expect(codes[i].startsWith(codes[i - 1])).toBe(false);
  });

  // One symbol or more of each length, as appendix B lists them.
  it.each([
    ['0', 0x0, 5],
    ['t', 0x9, 5],
    [' ', 0x14, 6],
    ['u', 0x2d, 6],
    [':', 0x5c, 7],
    ['z', 0x7b, 7],
    ['Z', 0xfd, 8],
    ['!', 0x3f8, 10],
    ['|', 0x7fc, 11],
    ['>', 0xffb, 12],
    ['\0', 0x1ff8, 13],
    ['~', 0x1ffd, 13],
    ['}', 0x3ffd, 14],
    ['{', 0x7ffe, 15],
    ['\\', 0x7fff0, 19],
    ['\x80', 0xfffe6, 20],
    ['\xe6', 0x1fffe8, 21],
    ['\xe9', 0x3fffeb, 22],
    ['\x01', 0x7fffd8, 23],
    ['\t', 0xffffea, 24],
    ['\xeb', 0x1ffffef, 25],
    ['\xff', 0x3ffffee, 26],
    ['\xfe', 0x7fffff0, 27],
    ['\xf9', 0xffffffe, 28],
    ['\n', 0x3ffffffc, 30],
    ['\r', 0x3ffffffd, 30],
    ['\x16', 0x3ffffffe, 30],
  ])('has %j as %i in %i bits', (character, code, length) => {
    expect([HUFFMAN_CODES[character.charCodeAt(0)], HUFFMAN_LENGTHS[character.charCodeAt(0)]]).toEqual([code, length]);
  });

  it('has EOS as 30 ones', () => {
    expect([HUFFMAN_CODES[END_OF_STRING], HUFFMAN_LENGTHS[END_OF_STRING]]).toEqual([0x3fffffff, 30]);
  });
});
