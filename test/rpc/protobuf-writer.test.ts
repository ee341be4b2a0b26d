import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { ProtobufWriter } from '../../src/rpc/protobuf-writer.js';
import { recycledMemory } from '../../src/rpc/recycled-memory.js';

afterEach(() => {
  recycledMemory.onReturn = undefined;
});

/** One call of a writer's method. */
type Step = (writer: BinaryWriter) => void;

const integer64 = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -300n, max: 300n }));
const unsigned64 = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 300n }));
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ maxLength: 300, size: 'max' }),
  // Lone surrogates too.
  fc.array(fc.nat({ max: 0xffff }), { maxLength: 100 }).map((codes) => String.fromCharCode(...codes)),
);

const scalar: fc.Arbitrary<Step> = fc.oneof(
  fc.nat({ max: 2 ** 32 - 1 }).map(
    (value): Step =>
      (writer) =>
        writer.uint32(value),
  ),
  fc.integer().map(
    (value): Step =>
      (writer) =>
        writer.int32(value),
  ),
  fc.integer().map(
    (value): Step =>
      (writer) =>
        writer.sint32(value),
  ),
  fc.integer().map(
    (value): Step =>
      (writer) =>
        writer.sfixed32(value),
  ),
  fc.nat().map(
    (value): Step =>
      (writer) =>
        writer.fixed32(value),
  ),
  integer64.map(
    (value): Step =>
      (writer) =>
        writer.int64(value),
  ),
  integer64.map(
    (value): Step =>
      (writer) =>
        writer.int64(String(value)),
  ),
  integer64.map(
    (value): Step =>
      (writer) =>
        writer.sint64(value),
  ),
  integer64.map(
    (value): Step =>
      (writer) =>
        writer.sfixed64(value),
  ),
  unsigned64.map(
    (value): Step =>
      (writer) =>
        writer.uint64(value),
  ),
  unsigned64.map(
    (value): Step =>
      (writer) =>
        writer.fixed64(value),
  ),
  fc.nat().map(
    (value): Step =>
      (writer) =>
        writer.uint64(value),
  ),
  fc.boolean().map(
    (value): Step =>
      (writer) =>
        writer.bool(value),
  ),
  fc.double().map(
    (value): Step =>
      (writer) =>
        writer.double(value),
  ),
  fc.float().map(
    (value): Step =>
      (writer) =>
        writer.float(value),
  ),
  fc.tuple(fc.integer({ min: 1, max: 1_000 }), fc.nat({ max: 5 })).map(
    (tag): Step =>
      (writer) =>
        writer.tag(...tag),
  ),
  fc.uint8Array({ maxLength: 300, size: 'max' }).map(
    (value): Step =>
      (writer) =>
        writer.bytes(value),
  ),
  fc.nat({ max: 80_000 }).map(
    (length): Step =>
      (writer) =>
        writer.bytes(new Uint8Array(length).fill(7)),
  ),
  fc.uint8Array().map(
    (value): Step =>
      (writer) =>
        writer.raw(value),
  ),
  text.map(
    (value): Step =>
      (writer) =>
        writer.string(value),
  ),
  fc.nat({ max: 30_000 }).map(
    (length): Step =>
      (writer) =>
        writer.string('ü'.repeat(length)),
  ),
);

const { step } = fc.letrec<{ step: Step }>((tie) => ({
  step: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('step'), { maxLength: 8 }).map(
      (steps): Step =>
        (writer) => {
          writer.fork();
          for (const one of steps) one(writer);
          writer.join();
        },
    ),
  ),
}));

describe('ProtobufWriter', () => {
  it('writes what the class that it extends writes, and never again into what it gave away', () => {
    const writer = new ProtobufWriter();
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 12 }), { maxLength: 5 }), (messages) => {
        const given: [Uint8Array, Uint8Array][] = [];
        for (const steps of messages) {
          const reference = new BinaryWriter();
          for (const one of steps) one(reference);
          for (const one of steps) one(writer);
          given.push([writer.finish(), reference.finish()]);
        }
        for (const [bytes, expected] of given) expect(Buffer.compare(bytes, expected)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it.each<[string, Step]>([
    ['uint32', (writer) => writer.uint32(-1)],
    ['uint32', (writer) => writer.uint32(2 ** 32)],
    ['uint32', (writer) => writer.uint32(1.5)],
    ['int32', (writer) => writer.int32(2 ** 31)],
    ['int32', (writer) => writer.int32(0.5)],
    ['int32', (writer) => writer.int32(Number.NaN)],
    ['sint32', (writer) => writer.sint32(2 ** 31)],
    ['int64', (writer) => writer.int64(2n ** 63n)],
    ['uint64', (writer) => writer.uint64(-1n)],
    ['float', (writer) => writer.float(1e300)],
  ])('%s refuses what the class that it extends refuses', (_name, step) => {
    expect(() => step(new BinaryWriter())).toThrow();
    expect(() => step(new ProtobufWriter())).toThrow();
  });

  it('writes no value that is undefined', () => {
    const missing = undefined as never;
    expect(() => new ProtobufWriter().uint32(missing)).toThrow();
    expect(() => new ProtobufWriter().int32(missing)).toThrow();
    expect(() => new ProtobufWriter().bytes(missing)).toThrow();
  });

  it('forgets what was abandoned', () => {
    const writer = new ProtobufWriter();
    writer.string('kept');
    const kept = writer.finish();
    writer.uint32(10).fork().bytes(new Uint8Array(100_000));
    writer.abandon();
    writer.fork().string('next').join();
    expect(Buffer.from(writer.finish()).toString('latin1')).toBe('\x05\x04next');
    expect(Buffer.from(kept).toString('latin1')).toBe('\x04kept');
    expect(() => writer.join()).toThrow('join without fork');
  });

  it('does not keep the memory of a large message', () => {
    const writer = new ProtobufWriter();
    const small = writer.bool(true).finish();
    const large = writer.bytes(new Uint8Array(1_000_000)).finish();
    const next = writer.bool(true).finish();
    expect(next.buffer).toBe(small.buffer);
    expect(next.buffer).not.toBe(large.buffer);
  });

  it('gives back the memory that a large message had to leave, and holds that of the whole one', () => {
    const returned: Uint8Array[] = [];
    recycledMemory.onReturn = (memory) => void returned.push(memory.fill(0xdb));
    const writer = new ProtobufWriter();
    const parts = [1, 2, 3, 4, 5].map((octet) => Buffer.alloc(40_000, octet));
    for (const part of parts) writer.raw(part);
    const message = writer.finish();
    expect(returned.length).toBeGreaterThan(0);
    expect(returned.every(({ buffer }) => buffer !== message.buffer)).toBe(true);
    const before = returned.length;
    writer.raw(parts[0]!).raw(parts[1]!);
    writer.abandon();
    expect(returned.length).toBeGreaterThan(before);
    const next = new ProtobufWriter().bytes(parts[4]!).bytes(parts[4]!).finish();
    expect(next.buffer).not.toBe(message.buffer);
    expect(Buffer.concat(parts).equals(message)).toBe(true);
    recycledMemory.letGo(message);
    expect(returned.at(-1)?.buffer).toBe(message.buffer);
  });

  it('is a BinaryWriter, whose messages a BinaryReader reads', () => {
    const writer = new ProtobufWriter();
    expect(writer).toBeInstanceOf(BinaryWriter);
    expect(new BinaryReader(writer.string('ü').finish()).string()).toBe('ü');
  });
});
