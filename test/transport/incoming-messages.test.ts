import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SimpleResponse } from '../../gen/grpc/testing/messages.js';
import { TestServiceDefinition } from '../../gen/grpc/testing/test.js';
import { type Channel, createChannel, createClient } from '../../src/index.js';
import { frameMessage } from '../../src/rpc/message-frame.js';
import { defaultLimits } from '../../src/transport/limits.js';

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

  const { streamWindow } = defaultLimits;
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
