import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutputBuffer } from '../../src/http2/output-buffer.js';

describe('OutputBuffer', () => {
  it('gives back what was put in, and never writes again into what it has given', () => {
    const piece = fc.record({
      how: fc.constantFrom('append', 'copy', 'reserve'),
      length: fc.oneof(fc.nat(100), fc.nat(2_000), fc.nat(70_000)),
    });
    fc.assert(
      fc.property(fc.array(fc.array(piece, { maxLength: 8 }), { maxLength: 8 }), (turns) => {
        const output = new OutputBuffer();
        const taken: [chunks: Uint8Array[], expected: Buffer][] = [];
        let next = 0;
        for (const pieces of turns) {
          const expected: Buffer[] = [];
          for (const { how, length } of pieces) {
            const octets = Buffer.alloc(length + 2, ++next);
            if (how === 'append') output.append(octets, 1, length + 1);
            else if (how === 'copy') output.copy(octets, 1, length + 1);
            else {
              output.reserve(length);
              output.bytes.fill(next, output.position, output.position + length);
              output.position += length;
            }
            expected.push(octets.subarray(1, length + 1));
          }
          expect(output.length).toBe(Buffer.concat(expected).length);
          taken.push([output.take(), Buffer.concat(expected)]);
          expect(output.length).toBe(0);
        }
        for (const [chunks, expected] of taken) expect(Buffer.concat(chunks).equals(expected)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('keeps no payload that was taken, and little for a connection that says little', () => {
    const output = new OutputBuffer();
    expect(output.bytes.length).toBe(0);
    output.copy(Buffer.alloc(300), 0, 300);
    output.append(Buffer.alloc(100_000));
    expect(output.take().map(({ length }) => length)).toEqual([300, 100_000]);
    expect(output.take()).toEqual([]);
    expect(output.bytes.length).toBeLessThanOrEqual(512);
  });

  it('copies only what is small', () => {
    const output = new OutputBuffer();
    const [small, large] = [Buffer.alloc(1_000, 1), Buffer.alloc(20_000, 1)];
    output.append(small);
    output.append(large, 10, 20_000);
    const [copy, view] = output.take();
    small.fill(2);
    large.fill(2);
    expect([copy[0], view[0]]).toEqual([1, 2]);
    expect(view.buffer).toBe(large.buffer);
  });

  it('keeps the memory of each part that it does not copy', () => {
    const kept: Uint8Array[] = [];
    const output = new OutputBuffer({ keep: (payload) => void kept.push(payload), letGo: () => {} });
    const payload = Buffer.alloc(100_000);
    output.append(payload, 0, 1_000);
    output.copy(payload, 0, 50_000);
    expect(kept).toEqual([]);
    output.append(payload, 0, 50_000);
    output.append(payload, 50_000);
    expect(kept.map(({ buffer }) => buffer)).toEqual([payload.buffer, payload.buffer]);
  });
});
