import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SimpleResponse } from '../../gen/grpc/testing/messages.js';
import { TestServiceDefinition } from '../../gen/grpc/testing/test.js';
import { DescribeRequest } from '../../gen/podinfo/v1/podinfo.js';
import type { Http2Stream } from '../../src/http2/stream.js';
import { type Channel, createChannel, createClient } from '../../src/index.js';
import { Code } from '../../src/rpc/code.js';
import { frameMessage } from '../../src/rpc/message-frame.js';
import { RpcError } from '../../src/rpc/rpc-error.js';
import { IncomingMessages } from '../../src/transport/incoming-messages.js';
import { defaultChannelLimits } from '../../src/transport/limits.js';
import { client, server } from '../http2/endpoint.js';
import { DATA, END_STREAM, frame, request, response } from '../http2/wire.js';

function framed(text: string): Buffer {
  const payload = DescribeRequest.encode(DescribeRequest.fromPartial({ text })).finish();
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(payload.length, 1);
  return Buffer.concat([prefix, payload]);
}

/** A server's stream whose DATA goes into `messages`. */
function incoming(maxLength = 1_000_000) {
  const endpoint = server();
  const messages = new IncomingMessages(DescribeRequest, 'request', maxLength);
  endpoint.receive(request(1));
  const stream = endpoint.streams.get(1) as Http2Stream;
  endpoint.heard.get(1)!.reads = false;
  endpoint.heard.get(1)!.onMore = (heard, from) => messages.push(from, heard.chunks.pop()!);
  return { endpoint, messages, stream };
}

describe('IncomingMessages', () => {
  it('gives messages in order, and their octets back when they are read', async () => {
    const { endpoint, messages, stream } = incoming();
    const bytes = Buffer.concat(['one', 'two', 'three'].map(framed));
    for (const octet of bytes) endpoint.receive(frame(DATA, 0, 1, Buffer.of(octet)));
    expect(messages.queued).toBe(3);
    expect(stream.held).toBe(bytes.length);
    expect(await messages.next()).toEqual({ done: false, value: { text: 'one' } });
    expect(stream.held).toBe(bytes.length - framed('one').length);
    expect(messages.take()).toEqual({ text: 'two' });
    expect(messages.take()).toEqual({ text: 'three' });
    expect(endpoint.budget.held).toBe(0);
    messages.end();
    expect(await messages.next()).toEqual({ done: true, value: undefined });
  });

  it('gives thousands of small messages in order, however they came, and takes little more memory than they have octets', async () => {
    const { endpoint, messages, stream } = incoming();
    const texts = Array.from({ length: 6_000 }, (_, index) => (index % 3 === 0 ? '' : String(index)));
    const bytes = Buffer.concat(texts.map(framed));
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < bytes.length; at += 10_000) {
      endpoint.receive(frame(DATA, 0, 1, bytes.subarray(at, at + 10_000)));
    }
    expect(messages.queued).toBe(texts.length);
    expect(stream.held).toBe(bytes.length);
    // An object and two views for each would be far more.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
    messages.end();
    for (const text of texts.slice(0, 3_000)) expect(messages.take()).toEqual({ text });
    expect(stream.held).toBe(Buffer.concat(texts.slice(3_000).map(framed)).length);
    for (const text of texts.slice(3_000)) expect(await messages.next()).toEqual({ done: false, value: { text } });
    expect(await messages.next()).toEqual({ done: true, value: undefined });
    expect(endpoint.budget.held).toBe(0);
  });

  it('gives back the octets of thousands of small messages that nobody reads', () => {
    for (const end of ['discard', 'drop', 'keep'] as const) {
      const { endpoint, messages } = incoming();
      endpoint.receive(frame(DATA, 0, 1, framed('x')));
      endpoint.receive(frame(DATA, 0, 1, Buffer.concat(Array.from({ length: 3_000 }, () => framed('')))));
      if (end === 'discard') messages.discard();
      else messages.fail(() => new RpcError(Code.CANCELLED, ''), end === 'keep');
      for (let left = messages.queued; left > 0; left--) messages.take();
      expect(endpoint.budget.held).toBe(0);
    }
  });

  it('does not keep a chunk for a small message that waits', () => {
    const { messages, stream } = incoming();
    const chunk = new Uint8Array(new ArrayBuffer(60_000));
    const small = framed('small');
    chunk.set(small, 100);
    messages.push(stream, chunk.subarray(100, 100 + small.length));
    messages.push(stream, framed('next'));
    chunk.fill(0);
    // The fill shows that the first message has memory of its own now.
    stream.held += small.length + framed('next').length;
    expect(messages.take()).toEqual({ text: 'small' });
    expect(messages.take()).toEqual({ text: 'next' });
  });

  it('gives to those who wait, in the order in which they asked', async () => {
    const { endpoint, messages } = incoming();
    const waiting = ['first', 'second', 'third', 'fourth'].map(() => messages.next());
    endpoint.receive(frame(DATA, 0, 1, Buffer.concat([framed('one'), framed('two')])));
    endpoint.receive(frame(DATA, 0, 1, framed('three')));
    messages.end();
    expect(await Promise.all(waiting)).toEqual([
      ...['one', 'two', 'three'].map((text) => ({ done: false, value: { text } })),
      { done: true, value: undefined },
    ]);
  });

  it('fails the first of those who wait, as an async generator would; the others are at the end', async () => {
    const { messages } = incoming();
    const [first, ...others] = [messages.next(), messages.next(), messages.next()];
    messages.fail(() => new RpcError(Code.UNAVAILABLE, 'gone'), true);
    await expect(first).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    expect(await Promise.all(others)).toEqual([1, 2].map(() => ({ done: true, value: undefined })));
  });

  it.each([true, false])('fails whoever reads; what waits is kept: %s', async (keep) => {
    const { endpoint, messages } = incoming();
    endpoint.receive(frame(DATA, 0, 1, framed('before')), frame(DATA, 0, 1, Buffer.of(0, 0)));
    messages.fail(() => new RpcError(Code.UNAVAILABLE, 'gone'), keep);
    expect(endpoint.budget.held).toBe(keep ? framed('before').length : 0);
    if (keep) expect(await messages.next()).toEqual({ done: false, value: { text: 'before' } });
    await expect(messages.next()).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    endpoint.receive(frame(DATA, 0, 1, framed('after')));
    expect(endpoint.budget.held).toBe(0);
  });

  it('drops all that waits and all that still comes', () => {
    const { endpoint, messages, stream } = incoming();
    endpoint.receive(frame(DATA, 0, 1, Buffer.concat([framed('one'), Buffer.of(0)])));
    messages.discard();
    endpoint.receive(frame(DATA, 0, 1, framed('two')));
    expect([stream.held, endpoint.budget.held, messages.queued]).toEqual([0, 0, 0]);
  });

  it('refuses a message over the limit by its prefix alone', () => {
    const { messages, stream } = incoming(3);
    stream.held += 5;
    expect(() => messages.push(stream, framed('more than three octets').subarray(0, 5))).toThrow(
      expect.objectContaining({ code: Code.RESOURCE_EXHAUSTED }),
    );
  });

  it('asks for room when a message is larger than the window, and for one octet to end in', () => {
    const endpoint = client({ streamWindow: 65_535 });
    const messages = new IncomingMessages(DescribeRequest, 'response', 1_000_000);
    const { stream, heard } = endpoint.open();
    heard.reads = false;
    heard.onMore = ({ chunks }, from) => {
      if (chunks.length > 0) messages.push(from, chunks.pop()!);
    };
    endpoint.receive(response(1));
    endpoint.sent();
    const bytes = framed('x'.repeat(500_000));
    endpoint.receive(frame(DATA, 0, 1, bytes.subarray(0, 10_000)));
    expect(endpoint.sentNames()).toEqual([`WINDOW_UPDATE 1 ${bytes.length - 65_535 + 1}`]);
    for (let at = 10_000; at < bytes.length; at += 16_000) {
      endpoint.receive(frame(DATA, 0, 1, bytes.subarray(at, at + 16_000)));
    }
    expect(messages.queued).toBe(1);
    expect(stream.receiveWindow).toBe(1);
    messages.take();
    expect(endpoint.sentNames()).toEqual(['WINDOW_UPDATE 1 65534']);
    heard.onMore = undefined;
    endpoint.receive(frame(DATA, END_STREAM, 1));
    expect(endpoint.budget.held).toBe(0);
  });
});

/** nghttp2 says the end of a stream only while the stream's window is open: a message must not use it up. */
describe('a message that just fills the window, or a wider one', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'podwire-'));
  const endpoint = path.join(folder, 'nghttp2.sock');
  let bodyLength = 0;
  const server = createServer();
  let channel: Channel;

  beforeAll(async () => {
    server.on('stream', (stream: ServerHttp2Stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      const body = Buffer.alloc(bodyLength);
      stream.end(frameMessage(SimpleResponse.encode(SimpleResponse.fromPartial({ payload: { body } })).finish()));
    });
    await new Promise<void>((resolve) => server.listen(endpoint, resolve));
    channel = createChannel(endpoint);
  });

  afterAll(async () => {
    await channel.close();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  const { streamWindow } = defaultChannelLimits;
  // Prefix, tags and lengths take 13 octets at these sizes.
  const lengths = [streamWindow - 14, streamWindow - 13, streamWindow - 12, 200_000, 1_000_000];

  it.each(lengths)('comes to its end: %d octets', async (length) => {
    bodyLength = length;
    const client = createClient(TestServiceDefinition, channel, { defaults: { timeoutMs: 5_000 } });
    const { payload } = await client.unaryCall({});
    expect(payload?.body.length).toBe(length);
    let streamed = 0;
    for await (const message of client.streamingOutputCall({})) streamed += message.payload?.body.length ?? 0;
    expect(streamed).toBe(length);
  });
});
