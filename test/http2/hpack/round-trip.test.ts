import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HpackDecoder } from '../../../src/http2/hpack/hpack-decoder.js';
import { HpackEncoder } from '../../../src/http2/hpack/hpack-encoder.js';

// Few enough to repeat, long enough to evict, and names of every way of indexing.
const name = fc.oneof(
  fc.constantFrom(':path', ':status', 'te', 'grpc-timeout', 'grpc-message', 'authorization', 'x-secret', 'x-a', 'x-b'),
  latin1(10),
);
const value = fc.oneof(fc.constantFrom('', '200', '/', '/a', 'trailers', 'v'.repeat(70), 'w'.repeat(500)), latin1(40));
const fields = fc.array(fc.tuple(name, value), { maxLength: 12 }).map((pairs) => pairs.flat());
const tableSize = fc.oneof(fc.constantFrom(0, 31, 32, 100, 4_096, 10_000), fc.nat({ max: 6_000 }));

describe('HpackEncoder to HpackDecoder', () => {
  it('brings back every block, whatever the tables go through', () => {
    const step = fc.record({
      fields,
      // The peer's settings since the last block.
      sizes: fc.oneof(
        { weight: 4, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(tableSize, { maxLength: 3 }) },
      ),
      broken: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    });
    fc.assert(
      fc.property(tableSize, fc.array(step, { maxLength: 60, size: 'max' }), (maxTableSize, steps) => {
        const encoder = new HpackEncoder({ maxTableSize });
        const decoder = new HpackDecoder({ maxHeaderListSize: 1_000_000 });
        for (const { fields, sizes, broken } of steps) {
          for (const size of sizes) {
            encoder.setPeerMaxTableSize(size);
            decoder.setMaxTableSize(size);
          }
          if (broken) expect(() => encoder.encode([...fields, 'x', '\u0100'])).toThrow(TypeError);
          expect(decoder.decode(encoder.encode(fields))).toEqual(fields);
          expect(decoder.headerListTooLarge).toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('stays in step with a decoder whose limit cuts the lists', () => {
    fc.assert(
      fc.property(fc.array(fields, { maxLength: 30 }), fc.nat({ max: 800 }), (blocks, maxHeaderListSize) => {
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder({ maxHeaderListSize });
        for (const fields of blocks) {
          const decoded = decoder.decode(encoder.encode(fields));
          expect(decoded).toEqual(fields.slice(0, decoded.length));
          expect(decoder.headerListTooLarge).toBe(listSize(fields) > maxHeaderListSize);
          expect(decoded.length === fields.length).toBe(listSize(fields) <= maxHeaderListSize);
        }
      }),
    );
  });

  it('decodes any octets to fields or to an HpackError', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), (blocks) => {
        const decoder = new HpackDecoder({ maxHeaderListSize: 500 });
        try {
          for (const block of blocks) expect(listSize(decoder.decode(block))).toBeLessThanOrEqual(500);
        } catch (error) {
          expect(error).toMatchObject({ name: 'HpackError' });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

function listSize(fields: readonly string[]): number {
  let size = 0;
  for (let i = 0; i < fields.length; i += 2) size += fields[i].length + fields[i + 1].length + 32;
  return size;
}

function latin1(maxLength: number): fc.Arbitrary<string> {
  return fc.uint8Array({ maxLength }).map((octets) => Buffer.from(octets).toString('latin1'));
}
