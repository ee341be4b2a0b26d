import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { StreamRelay } from '../../src/grpc-js/stream-relay.js';
import { client, requestHeader, server } from '../http2/endpoint.js';
import { DATA, frame, request } from '../http2/wire.js';

describe('StreamRelay', () => {
  it('keeps what waits for the other stream when its chunk is overwritten', () => {
    const outer = server();
    const inner = client({ outputLimit: 1 });
    outer.receive(request(1));
    const { stream } = inner.open(requestHeader);
    inner.sent();
    StreamRelay.join(outer.streams.get(1)!, stream, () => {});
    const sent = [10, 3_000, 16_000].map((length) => randomBytes(length));
    inner.connection.congested = true;
    outer.receive(...sent.map((payload) => frame(DATA, 0, 1, payload)));
    inner.connection.congested = false;
    inner.connection.resumeOutput();
    const data = inner.sent().filter(({ type }) => type === DATA);
    expect(Buffer.concat(data.map(({ payload }) => payload)).equals(Buffer.concat(sent))).toBe(true);
  });
});
