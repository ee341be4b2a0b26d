import { gunzipSync } from 'node:zlib';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { Payload, SimpleRequest } from '../../gen/grpc/testing/messages.js';
import { DescribeRequest, WatchRequest } from '../../gen/podinfo/v1/podinfo.js';
import { Code } from '../../src/rpc/code.js';
import { encodeMessage, frameMessage } from '../../src/rpc/message-frame.js';

describe('encodeMessage', () => {
  it('puts flag and length before the message', () => {
    expect([...encodeMessage(DescribeRequest, { text: 'hello' })]).toEqual([
      ...[0, 0, 0, 0, 7],
      ...[0x0a, 5, ...Buffer.from('hello')],
    ]);
  });

  it('makes an empty message of five zeros', () => {
    expect([...encodeMessage(DescribeRequest, {})]).toEqual([0, 0, 0, 0, 0]);
  });

  it.each([0, 1, 127, 128, 300, 65_536, 300_000])(
    'holds a body of %d bytes and gives no memory away twice',
    (length) => {
      const body = Buffer.alloc(length, 'x');
      const first = encodeMessage(SimpleRequest, { payload: { body } });
      const second = encodeMessage(SimpleRequest, { payload: { body: Buffer.alloc(length, 'y') } });
      expect(Buffer.from(first).readUInt32BE(1)).toBe(first.length - 5);
      expect(body.equals(SimpleRequest.decode(first.subarray(5)).payload!.body)).toBe(true);
      expect(Buffer.alloc(length, 'y').equals(SimpleRequest.decode(second.subarray(5)).payload!.body)).toBe(true);
    },
  );

  it('compresses when told to', () => {
    const body = Buffer.alloc(10_000, 'x');
    const frame = Buffer.from(encodeMessage(Payload, { body }, 'gzip'));
    expect(frame[0]).toBe(1);
    expect(frame.readUInt32BE(1)).toBe(frame.length - 5);
    expect(frame.length).toBeLessThan(200);
    expect(body.equals(Payload.decode(gunzipSync(frame.subarray(5))).body)).toBe(true);
    expect(encodeMessage(Payload, { body }, 'identity')[0]).toBe(0);
  });

  it('reports a value that does not fit, and works again afterwards', () => {
    const bad = () => encodeMessage(WatchRequest, { intervalMs: 5, sampleLimit: -1 });
    expect(bad).toThrow(expect.objectContaining({ code: Code.INTERNAL }));
    expect(bad).toThrow(/cannot encode the message: .*-1/);
    expect([...encodeMessage(WatchRequest, { intervalMs: 5 })]).toEqual([0, 0, 0, 0, 2, 8, 5]);
  });

  it.each([undefined, null])('reports a message that is %s', (message) => {
    expect(() => encodeMessage(DescribeRequest, message as never)).toThrow(
      new TypeError(`the message is ${message}; give an object, {} for an empty one`),
    );
  });

  it('reports a symbol, of which no text is made', () => {
    expect(() => encodeMessage(DescribeRequest, { text: Symbol('x') } as never)).toThrow(
      /cannot encode the message: .*Symbol/,
    );
  });

  it('keeps apart messages that are encoded inside each other', () => {
    const nested = {
      get text() {
        return `${encodeMessage(DescribeRequest, { text: 'inner' }).length}`;
      },
    };
    expect(DescribeRequest.decode(encodeMessage(DescribeRequest, nested).subarray(5)).text).toBe('12');
  });

  it('takes the type`s own partial', () => {
    type Message = Parameters<typeof encodeMessage<{ text?: string }>>[1];
    expectTypeOf<Message>().toEqualTypeOf<{ text?: string }>();
    // @ts-expect-error: not a field of the message
    encodeMessage(DescribeRequest, { txet: 'hello' });
  });
});

describe('frameMessage', () => {
  it.each([
    [[], false, [0, 0, 0, 0, 0]],
    [[7, 8], false, [0, 0, 0, 0, 2, 7, 8]],
    [[7, 8], true, [1, 0, 0, 0, 2, 7, 8]],
  ])('%j, compressed %s', (payload, compressed, frame) => {
    expect([...frameMessage(new Uint8Array(payload), compressed)]).toEqual(frame);
  });

  it('writes all four octets of the length', () => {
    expect([...frameMessage(new Uint8Array(0x01020304)).subarray(0, 5)]).toEqual([0, 1, 2, 3, 4]);
  });
});
