import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HpackError } from '../../../src/http2/hpack/hpack-error.js';
import { MAX_INTEGER, MAX_INTEGER_LENGTH, readInteger, writeInteger } from '../../../src/http2/hpack/integer.js';

const PREFIXES = [0x0f, 0x1f, 0x3f, 0x7f, 0xff];

describe('prefix integers', () => {
  // RFC 7541 appendix C.1.
  it.each([
    { value: 10, prefix: 0x1f, octets: [0x0a] },
    { value: 1337, prefix: 0x1f, octets: [0x1f, 0x9a, 0x0a] },
    { value: 42, prefix: 0xff, octets: [0x2a] },
  ])('are $octets for $value', ({ value, prefix, octets }) => {
    expect(write(value, prefix, 0)).toEqual(octets);
    expect(read(octets, prefix)).toEqual({ value, offset: octets.length });
  });

  it('come back as they were written, whatever the bits above the prefix', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 0, max: MAX_INTEGER }), fc.integer({ min: 0, max: 400 })),
        fc.constantFrom(...PREFIXES),
        (value, prefix) => {
          const octets = write(value, prefix, ~prefix & 0xff);
          expect(octets[0] & ~prefix).toBe(~prefix & 0xff);
          expect(octets.length).toBeLessThanOrEqual(MAX_INTEGER_LENGTH);
          expect(read(octets, prefix)).toEqual({ value, offset: octets.length });
        },
      ),
    );
  });

  it.each(PREFIXES)('reach 2^31-1 and no further with prefix %i', (prefix) => {
    const octets = write(MAX_INTEGER, prefix, 0);
    expect(read(octets, prefix).value).toBe(MAX_INTEGER);
    octets[1]++;
    expect(() => read(octets, prefix)).toThrow(HpackError);
  });

  it('may be padded with zeros up to five continuation octets', () => {
    expect(read([0x1f, 0x81, 0x80, 0x80, 0x80, 0x00], 0x1f)).toEqual({ value: 32, offset: 6 });
    expect(() => read([0x1f, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00], 0x1f)).toThrow(/more than five/);
  });

  it('do not overflow into a small or negative number', () => {
    expect(() => read([0x7f, 0xff, 0xff, 0xff, 0xff, 0x7f], 0x7f)).toThrow(/larger than/);
    expect(() => read([0x7f, 0x80, 0x80, 0x80, 0x80, 0x10], 0x7f)).toThrow(/larger than/);
  });

  it.each([[[]], [[0x7f]], [[0x7f, 0x80]]])('end inside the block: %j', (octets) => {
    expect(() => read(octets, 0x7f)).toThrow(/ends inside an integer/);
  });
});

function write(value: number, prefix: number, pattern: number): number[] {
  const target = new Uint8Array(MAX_INTEGER_LENGTH + 1);
  return [...target.subarray(0, writeInteger(target, 0, pattern, prefix, value))];
}

function read(octets: number[], prefix: number): { value: number; offset: number } {
  const at = { block: Uint8Array.from(octets), offset: 0 };
  return { value: readInteger(at, prefix), offset: at.offset };
}
