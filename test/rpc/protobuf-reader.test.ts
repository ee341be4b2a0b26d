import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtobufReader } from '../../src/rpc/protobuf-reader.js';

/** A field of that many bytes at the start of a chunk. */
function chunkWithField(length: number, chunkLength: number): Uint8Array {
  const chunk = new Uint8Array(chunkLength);
  chunk.set(new BinaryWriter().bytes(new Uint8Array(length).fill(7)).finish());
  return chunk;
}

describe('bytes', () => {
  it.each([
    ['is copied out of a large chunk', 100, 65_536, false],
    ['is a view when it is most of the chunk', 60_000, 65_536, true],
    ['is a view when it is a quarter of the chunk', 16_384, 65_536, true],
    ['is copied when it is less than a quarter', 16_383, 65_536, false],
    ['is copied when it is empty', 0, 65_536, false],
  ])('%s', (_, length, chunkLength, view) => {
    const chunk = chunkWithField(length, chunkLength);
    const field = new ProtobufReader(chunk).bytes();
    expect(field).toEqual(new Uint8Array(length).fill(7));
    expect(field.buffer === chunk.buffer).toBe(view);
    if (!view) {
      expect(field.buffer.byteLength).toBe(length);
    }
  });

  it('measures the whole memory behind a small payload', () => {
    const chunk = chunkWithField(100, 65_536);
    expect(new ProtobufReader(chunk.subarray(0, 101)).bytes().buffer.byteLength).toBe(100);
  });

  it('copies out of a Buffer too', () => {
    const chunk = Buffer.from(chunkWithField(100, 65_536).buffer);
    const field = new ProtobufReader(chunk).bytes();
    chunk.fill(0);
    expect([...new Set(field)]).toEqual([7]);
  });
});

it('is a BinaryReader, which generated code asks for', () => {
  expect(new ProtobufReader(new Uint8Array(0))).toBeInstanceOf(BinaryReader);
});

describe('string', () => {
  it('reads what the class that it extends reads', () => {
    const octets = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.uint8Array({ maxLength: 60, max: 0x7f }),
      fc.string({ unit: 'binary', maxLength: 60 }).map((text) => new Uint8Array(Buffer.from(text))),
      fc.constant(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])),
    );
    fc.assert(
      fc.property(octets, fc.boolean(), (text, asBuffer) => {
        const bytes = new BinaryWriter().bytes(text).bool(true).finish();
        const reader = new ProtobufReader(asBuffer ? Buffer.from(bytes) : bytes);
        expect(reader.string()).toBe(new BinaryReader(bytes).string());
        expect(reader.bool()).toBe(true);
      }),
    );
  });

  it.each([3, 40])('of %d octets must be whole', (length) => {
    const bytes = new BinaryWriter().bytes(new Uint8Array(length)).finish();
    expect(() => new ProtobufReader(bytes.subarray(0, length)).string()).toThrow(RangeError);
  });

  it('refuses what is no UTF-8 when it is told to', () => {
    const reader = new ProtobufReader(new BinaryWriter().bytes(new Uint8Array([0xff])).finish());
    expect(() => reader.string(true)).toThrow();
  });
});
