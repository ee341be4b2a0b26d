import { describe, expect, it } from 'vitest';
import { checkLatin1, readLatin1, writeLatin1 } from '../../../src/http2/hpack/latin1.js';

const OCTETS = Uint8Array.from({ length: 256 }, (_, octet) => octet);

describe('latin1 text', () => {
  it.each([0, 1, 3, 4, 5, 12, 13, 16, 32, 33, 100, 200])('has one character per octet: %i of them', (length) => {
    for (const start of [0, 1, 56]) {
      const text = readLatin1(OCTETS, start, start + length);
      expect(Array.from(text, (character) => character.charCodeAt(0))).toEqual([
        ...OCTETS.subarray(start, start + length),
      ]);
      const target = new Uint8Array(length + 2);
      writeLatin1(text, target, 1);
      expect([...target]).toEqual([0, ...OCTETS.subarray(start, start + length), 0]);
    }
  });

  it.each(['\u0100', `${'a'.repeat(100)}\u010a`, '\ud83d\ude00'])('refuses other characters: %j', (text) => {
    expect(() => checkLatin1(text)).toThrow(TypeError);
    expect(() => writeLatin1(text, new Uint8Array(200), 0)).toThrow(TypeError);
  });
});
