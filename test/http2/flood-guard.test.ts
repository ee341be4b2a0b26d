import { describe, expect, it } from 'vitest';
import { FloodGuard } from '../../src/http2/flood-guard.js';
import { client, Endpoint, responseHeader, server, trailer } from './endpoint.js';
import * as wire from './wire.js';
import { block, frame, request, requestFields, settings, uint32 } from './wire.js';

const { DATA, HEADERS, PRIORITY, RST_STREAM, PING, WINDOW_UPDATE, CONTINUATION, END_STREAM } = wire;

describe('FloodGuard', () => {
  it('allows more to a peer whose calls complete, and forgets after ten seconds', () => {
    const guard = new FloodGuard();
    for (let count = 0; count < 100; count++) guard.completed();
    const resets = Array.from({ length: 221 }, () => guard.reset(1_000));
    expect(resets.indexOf(true)).toBe(220);
    expect(guard.reset(11_000)).toBe(false);
  });

  it('allows empty frames in proportion to frames that carry something', () => {
    const guard = new FloodGuard();
    for (let count = 0; count < 1_000; count++) guard.useful();
    const frames = Array.from({ length: 14_001 }, () => guard.control(1));
    expect(frames.indexOf(true)).toBe(14_000);
  });
});

/** Sends `frames` again and again to a peer that reads all, until it has enough. @returns how often that was. */
function flood(endpoint: Endpoint, frames: (turn: number) => Uint8Array, most: number): number {
  for (let turn = 0; turn < most; turn++) {
    endpoint.receive(frames(turn));
    endpoint.take();
    if (endpoint.connection.ended) return turn;
  }
  return most;
}

describe('a server', () => {
  it('ends a connection whose SETTINGS change the windows of many streams again and again', () => {
    const endpoint = server({ maxConcurrentStreams: 1_000 });
    for (let index = 0; index < 1_000; index++) endpoint.receive(request(1 + 2 * index));
    // Ten thousand of them took a core for ten seconds.
    expect(flood(endpoint, (turn) => settings([4, turn % 2]), 2_000)).toBeLessThan(200);
    expect(endpoint.error?.message).toContain('too many frames that carry nothing');
  });

  it.each<[string, (turn: number) => Uint8Array, number]>([
    ['PING', () => frame(PING, 0, 0, Buffer.alloc(8)), 11_000],
    ['SETTINGS', () => settings(), 11_000],
    ['PRIORITY', () => frame(PRIORITY, 0, 1, Buffer.alloc(5)), 11_000],
    ['WINDOW_UPDATE', () => frame(WINDOW_UPDATE, 0, 0, uint32(1)), 11_000],
    ['empty DATA', () => frame(DATA, 0, 1), 11_000],
    ['DATA of padding', () => frame(DATA, wire.PADDED, 1, Buffer.of(1, 0)), 11_000],
    ['unknown frames', () => frame(0x42, 0, 1, Buffer.alloc(1)), 11_000],
    [
      'a reset for each request',
      (turn) => Buffer.concat([request(turn * 2 + 3), frame(RST_STREAM, 0, turn * 2 + 3, uint32(8))]),
      300,
    ],
    ['requests that have to be reset', (turn) => request(turn * 2 + 3, true, ['Upper', 'case']), 300],
    [
      'windows that have to be reset',
      (turn) => Buffer.concat([request(turn * 2 + 3), frame(WINDOW_UPDATE, 0, turn * 2 + 3, uint32(0))]),
      300,
    ],
  ])('has enough of a flood of %s', (_, frames, most) => {
    const endpoint = server();
    endpoint.receive(request(1));
    const turns = flood(endpoint, frames, most);
    expect(turns).toBeLessThan(most);
    expect(turns).toBeGreaterThanOrEqual(200);
    expect(endpoint.error?.errorCode).toBe(11);
    expect(endpoint.budget.held).toBe(0);
  });

  it('ends a connection whose SETTINGS let an octet of every stream out, again and again', () => {
    const endpoint = server({ maxConcurrentStreams: 1_000 }, [4, 0]);
    endpoint.onRequest = (stream) => {
      stream.sendHeaders(responseHeader, false);
      stream.sendData(Buffer.alloc(60_000), true);
    };
    for (let index = 0; index < 1_000; index++) endpoint.receive(request(1 + 2 * index));
    endpoint.receive(frame(WINDOW_UPDATE, 0, 0, uint32(0x7fff0000)));
    expect(flood(endpoint, (turn) => settings([4, turn + 1]), 2_000)).toBeLessThan(300);
    expect(endpoint.error?.message).toContain('too many frames that carry nothing');
  });

  it('bears a client that cancels now and then', () => {
    const endpoint = server();
    let id = 1;
    for (let turn = 0; turn < 3_000; turn++, id += 2) {
      endpoint.receive(request(id, true));
      if (turn % 6 === 0) endpoint.receive(frame(RST_STREAM, 0, id, uint32(8)));
      else endpoint.streams.get(id)?.finish([...responseHeader, ...trailer]);
    }
    expect(endpoint.connection.ended).toBe(false);
  });

  it('bears a client that opens too many streams before it can know the limit', () => {
    const endpoint = server({ maxConcurrentStreams: 10 });
    const early = new Endpoint('server', { maxConcurrentStreams: 10 });
    early.receive(wire.PREFACE, settings());
    for (let turn = 0; turn < 1_000; turn++) early.receive(request(turn * 2 + 1));
    expect(early.connection.ended).toBe(false);
    expect(early.connection.streamCount).toBe(10);
    // One that knows it does not get away with it.
    expect(flood(endpoint, (turn) => request(turn * 2 + 1), 1_000)).toBeLessThan(300);
  });

  it('has enough of a header block in too many frames', () => {
    const endpoint = server();
    endpoint.receive(frame(HEADERS, 0, 1, block(...requestFields)));
    for (let count = 0; count < 100; count++) endpoint.receive(frame(CONTINUATION, 0, 1));
    expect(endpoint.sentNames()).toEqual(['GOAWAY 0 ENHANCE_YOUR_CALM']);
  });

  it.each<[string, () => Uint8Array]>([
    ['PING', () => frame(PING, 0, 0, Buffer.alloc(8))],
    ['SETTINGS', () => settings()],
  ])('queues a bounded number of answers to %s for a client that does not read', (_, frames) => {
    const endpoint = server();
    let most = 0;
    for (let count = 0; count < 9_000; count++) {
      endpoint.receive(frames());
      most = Math.max(most, endpoint.connection.output.length);
    }
    expect(endpoint.connection.ended).toBe(true);
    expect(endpoint.error?.message).toContain('does not read');
    expect(most).toBeLessThan(100_000);
    expect(endpoint.sentNames()).toEqual(['GOAWAY 0 ENHANCE_YOUR_CALM']);
  });

  it('queues as many answers as it likes for a client that reads', () => {
    const endpoint = server();
    for (let count = 0; count < 9_000; count++) {
      const { replies } = endpoint.connection.takeOutput();
      endpoint.receive(frame(PING, 0, 0, Buffer.alloc(8)));
      endpoint.connection.outputDelivered(replies);
    }
    expect(endpoint.connection.ended).toBe(false);
  });

  it('queues a bounded amount of responses for a client that does not read', () => {
    const endpoint = server({ maxConcurrentStreams: 100_000 });
    endpoint.onRequest = (stream) => stream.finish([...responseHeader, 'x-large', `${stream.id}`.repeat(1_000)]);
    let most = 0;
    for (let id = 1; id < 100_001 && !endpoint.connection.ended; id += 2) {
      endpoint.receive(request(id, true));
      most = Math.max(most, endpoint.connection.output.length);
    }
    expect(endpoint.connection.ended).toBe(true);
    expect(most).toBeLessThan(5 * 1024 * 1024);
  });

  it('has no DATA beyond the output limit for a client that does not read', () => {
    const endpoint = server({}, [4, 2 ** 31 - 1]);
    endpoint.receive(frame(WINDOW_UPDATE, 0, 0, uint32(2 ** 30)), request(1, true));
    const stream = endpoint.streams.get(1)!;
    stream.sendHeaders(responseHeader, false);
    expect(stream.sendData(Buffer.alloc(10_000_000), false)).toBe(false);
    expect(endpoint.connection.output.length).toBeLessThan(256 * 1024 + 65_536 + 100);
    const octets = endpoint.sent().reduce((sum, { type, payload }) => sum + (type === DATA ? payload.length : 0), 0);
    expect(octets).toBe(10_000_000);
    expect(endpoint.heard.get(1)?.writable).toBe(1);
  });
});

describe('a client', () => {
  it('has enough of informational responses without an end', () => {
    const endpoint = client();
    endpoint.open();
    const informational = frame(HEADERS, wire.END_HEADERS, 1, block([':status', '103']));
    expect(flood(endpoint, () => informational, 20_000)).toBeLessThan(11_000);
    expect(endpoint.error?.message).toContain('too many frames that carry nothing');
  });

  it('may cancel as many calls as it likes', () => {
    const endpoint = client();
    for (let count = 0; count < 10_000; count++) endpoint.open().stream.reset(8);
    expect(endpoint.connection.ended).toBe(false);
  });

  it('has enough of a flood of PING too', () => {
    expect(flood(client(), () => frame(PING, 0, 0, Buffer.alloc(8)), 11_000)).toBeLessThan(11_000);
  });

  it('takes DATA of calls that it has cancelled for no flood', () => {
    const endpoint = client({ connectionWindow: 65_535 });
    const { stream } = endpoint.open();
    endpoint.receive(wire.response(1));
    stream.reset(8);
    for (let count = 0; count < 20_000; count++) endpoint.receive(frame(DATA, 0, 1, Buffer.alloc(1)));
    endpoint.receive(frame(DATA, END_STREAM, 1));
    expect(endpoint.connection.ended).toBe(false);
  });
});
