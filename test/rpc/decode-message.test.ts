import { createRequire } from 'node:module';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { DoubleValue } from '../../gen/google/protobuf/wrappers.js';
import { SimpleRequest } from '../../gen/grpc/testing/messages.js';
import { DescribeRequest } from '../../gen/podinfo/v1/podinfo.js';
import { Code } from '../../src/rpc/code.js';
import { decodeMessage } from '../../src/rpc/decode-message.js';

describe('decodeMessage', () => {
  it('gives the message', () => {
    const message = decodeMessage(DescribeRequest, DescribeRequest.encode({ text: 'hello' }).finish());
    expect(message).toEqual({ text: 'hello' });
    expectTypeOf(message).toEqualTypeOf<DescribeRequest>();
  });

  it('reads nested messages', () => {
    const payload = SimpleRequest.encode(SimpleRequest.fromPartial({ payload: { body: Buffer.from('abc') } })).finish();
    expect(decodeMessage(SimpleRequest, payload).payload?.body).toEqual(new Uint8Array(Buffer.from('abc')));
  });

  it('reads no field beyond the end of its message, whatever lies there', () => {
    const memory = new Uint8Array(64).fill(7);
    // google.protobuf.DoubleValue: field 1, eight octets, of which four are there.
    memory.set([0x09, 1, 2, 3, 4], 8);
    const decode = (from: number, to: number) =>
      decodeMessage(DoubleValue, new Uint8Array(memory.buffer, from, to - from));
    expect(() => decode(8, 13)).toThrow('the message ends inside a field');
    expect(decode(8, 17).value).not.toBe(0);
    expect(decode(8, 8)).toEqual({ value: 0 });
  });

  it.each([
    ['bytes of a message in it', [0x1a, 0x0a, 0x12, 0x08, 0x61]],
    ['a message in it', [0x1a, 0x0a]],
    ['the length of a message in it', [0x1a]],
    ['a number', [0x10, 0xff]],
    ['a field that it does not have', [0xfa, 0x06, 0x05, 0x61]],
    ['such a number of fixed length', [0xf9, 0x06, 0x61]],
    ['a group that it does not have', [0xfb, 0x06, 0x08]],
  ])('shows nothing of its neighbour in %s', (_, octets) => {
    // Of which each octet could be part of the message.
    const memory = new Uint8Array(256).fill(1);
    memory.set(octets, 100);
    const decode = () => decodeMessage(SimpleRequest, new Uint8Array(memory.buffer, 100, octets.length));
    expect(decode).toThrow(expect.objectContaining({ code: Code.INTERNAL }));
    // Nor is the next one read as if it began there.
    const next = SimpleRequest.encode(SimpleRequest.fromPartial({ responseSize: 7 })).finish();
    memory.set(next, 200);
    expect(decodeMessage(SimpleRequest, new Uint8Array(memory.buffer, 200, next.length)).responseSize).toBe(7);
  });

  it('reads messages that lie one behind the other', () => {
    const texts = ['one', '', 'three', 'x'.repeat(300)];
    const encoded = texts.map((text) => DescribeRequest.encode({ text }).finish());
    const memory = new Uint8Array(Buffer.concat(encoded));
    let at = 0;
    for (const [index, { length }] of encoded.entries()) {
      expect(decodeMessage(DescribeRequest, memory.subarray(at, at + length))).toEqual({ text: texts[index] });
      at += length;
    }
  });

  it.each([
    ['a field that is cut', [0x0a, 5, 0x61]],
    ['a field number of zero with a bad wire type', [0x07]],
    ['no protobuf', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ])('reports %s', (_, octets) => {
    const decode = () => decodeMessage(DescribeRequest, new Uint8Array(octets), 'request');
    expect(decode).toThrow(expect.objectContaining({ code: Code.INTERNAL }));
    expect(decode).toThrow(`cannot decode the request (${octets.length} bytes)`);
  });
});

describe('a type generated against another copy of @bufbuild/protobuf', () => {
  const other: typeof import('@bufbuild/protobuf/wire') = createRequire(import.meta.url)('@bufbuild/protobuf/wire');
  // What ts-proto generates, in short.
  const foreignType = {
    encode: (message: { text: string }) => new BinaryWriter().uint32(10).string(message.text),
    decode(input: Uint8Array): { text: string } {
      const reader =
        (input as unknown) instanceof other.BinaryReader
          ? (input as unknown as InstanceType<typeof other.BinaryReader>)
          : new other.BinaryReader(input);
      const message = { text: '' };
      while (reader.pos < reader.len) {
        reader.uint32();
        message.text = reader.string();
      }
      return message;
    },
    fromPartial: (message: { text?: string }) => ({ text: message.text ?? '' }),
  };

  it('is decoded without our reader', () => {
    const payload = foreignType.encode({ text: 'hello' }).finish();
    expect(decodeMessage(foreignType, payload)).toEqual({ text: 'hello' });
    expect(decodeMessage(foreignType, payload)).toEqual({ text: 'hello' });
    expect(decodeMessage(DescribeRequest, payload)).toEqual({ text: 'hello' });
  });

  it('still reports broken messages', () => {
    expect(() => decodeMessage(foreignType, new Uint8Array([10, 9]))).toThrow(
      expect.objectContaining({ code: Code.INTERNAL, message: expect.stringMatching(/premature EOF/) }),
    );
  });
});
