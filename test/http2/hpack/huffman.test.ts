import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HpackError } from '../../../src/http2/hpack/hpack-error.js';
import { huffmanDecode, huffmanDecodedBound, huffmanEncode, huffmanLength } from '../../../src/http2/hpack/huffman.js';
import { HUFFMAN_CODES, HUFFMAN_LENGTHS } from '../../../src/http2/hpack/huffman-code.js';

describe('Huffman coding', () => {
  // RFC 7541 appendix C.4 and C.6.
  it.each([
    ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
    ['no-cache', 'a8eb10649cbf'],
    ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07abe941054d444a8200595040b8166e082a62d1bff'],
    ['', ''],
  ])('codes %j as %s', (text, hex) => {
    expect(encode(text).toString('hex')).toBe(hex);
    expect(decode(Buffer.from(hex, 'hex'))).toBe(text);
  });

  it('brings back every pair of octets', () => {
    for (let first = 0; first < 256; first++) {
      for (let second = 0; second < 256; second++) {
        const text = String.fromCharCode(first, second);
        if (decode(encode(text)) !== text) expect.fail(`${first}, ${second} came back as something else`);
      }
    }
  });

  it('brings back any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        const text = Buffer.from(octets).toString('latin1');
        expect(decode(encode(text))).toBe(text);
      }),
    );
  });

  it('does what the code table says, bit by bit, with any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.nat({ max: 4 }), (octets, ones) => {
        // Random octets with a tail of ones reach the long codes, EOS and every kind of padding.
        const source = Buffer.concat([octets, Buffer.alloc(ones, 0xff)]);
        expect(attempt(source)).toBe(decodeBitByBit(source));
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses a character that is no octet', () => {
    expect(() => huffmanLength('\u0100')).toThrow(TypeError);
  });

  it('accepts up to seven ones as padding', () => {
    // An 'a' has five bits, so up to eight of them leave every number of bits of the last octet over.
    for (let length = 1; length <= 8; length++) expect(decode(encode('a'.repeat(length)))).toBe('a'.repeat(length));
  });

  it.each([
    ['ff', 'eight ones'],
    ['1fff', "eight ones and more behind an 'a'"],
    ['ffff', 'sixteen ones'],
    ['ffffff', 'twenty-four ones'],
  ])('refuses padding of more than seven bits: %s, %s', (hex) => {
    expect(() => decode(Buffer.from(hex, 'hex'))).toThrow(/longer than seven bits/);
  });

  it.each([
    ['18', "'a' and zeros"],
    ['1e', "'a' and 110"],
    ['1b', "'a' and 011"],
  ])('refuses padding that is not all ones: %s, %s', (hex) => {
    expect(() => decode(Buffer.from(hex, 'hex'))).toThrow(/not all ones/);
  });

  it.each([
    ['fffffffc', 'at the beginning'],
    ['1fffffffff', "behind an 'a'"],
    ['fe3fffffff', "behind a '!', ending with an octet"],
    ['fffffffffffffffc', 'twice'],
  ])('refuses EOS: %s, %s', (hex) => {
    expect(() => decode(Buffer.from(hex, 'hex'))).toThrow(/contains EOS/);
  });
});

function encode(text: string): Buffer {
  const target = Buffer.alloc(huffmanLength(text) + 1);
  const end = huffmanEncode(text, target, 1);
  expect(end).toBe(target.length);
  return target.subarray(1);
}

function decode(source: Uint8Array): string {
  const target = Buffer.alloc(huffmanDecodedBound(source.length));
  // With octets around it, which must not be read.
  const framed = Buffer.concat([Buffer.of(0xff), source, Buffer.of(0xff)]);
  return target.toString('latin1', 0, huffmanDecode(framed, 1, framed.length - 1, target));
}

function attempt(source: Uint8Array): string | typeof HpackError {
  try {
    return decode(source);
  } catch (error) {
    if (error instanceof HpackError) return HpackError;
    throw error;
  }
}

function decodeBitByBit(source: Uint8Array): string | typeof HpackError {
  const symbols = new Map<string, number>();
  HUFFMAN_CODES.forEach((code, symbol) => {
    symbols.set(code.toString(2).padStart(HUFFMAN_LENGTHS[symbol], '0'), symbol);
  });
  let text = '';
  let pending = '';
  for (const bit of Array.from(source, (octet) => octet.toString(2).padStart(8, '0')).join('')) {
    pending += bit;
    const symbol = symbols.get(pending);
    if (symbol === undefined) continue;
    if (symbol === 256) return HpackError;
    text += String.fromCharCode(symbol);
    pending = '';
  }
  return pending.length > 7 || pending.includes('0') ? HpackError : text;
}
