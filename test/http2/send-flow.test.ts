import { describe, expect, it } from 'vitest';
import { FrameType } from '../../src/http2/frame.js';
import { ReceiveBudget } from '../../src/http2/receive-budget.js';
import { Endpoint } from './endpoint.js';
import { frame, settings, uint32 } from './wire.js';

const KIBIBYTE = 1024;

/** A server that has this many requests, of a client with wide windows. */
function serverWith(
  requests: number,
  options: ConstructorParameters<typeof Endpoint>[1] = {},
  streamWindow = 128 * KIBIBYTE,
): Endpoint {
  const server = new Endpoint('server', { maxConcurrentStreams: 2_000, ...options });
  const client = new Endpoint('client', { streamWindow, connectionWindow: 2 ** 30 });
  server.receive(client.take());
  client.receive(server.take());
  for (let index = 0; index < requests; index++) client.open(undefined, true);
  server.receive(client.take());
  expect(server.streams.size).toBe(requests);
  return server;
}

describe('messages that wait', () => {
  it('go one after the other when they are little larger than a share', () => {
    const server = serverWith(200);
    for (const stream of server.streams.values()) {
      stream.sendHeaders([':status', '200'], false);
      stream.sendData(new Uint8Array(64 * KIBIBYTE + 20), true);
    }
    const begun = new Map<number, number>();
    let most = 0;
    for (const { type, id, payload } of server.sent()) {
      if (type !== FrameType.DATA) continue;
      const sent = (begun.get(id) ?? 0) + payload.length;
      if (sent === 64 * KIBIBYTE + 20) begun.delete(id);
      else begun.set(id, sent);
      most = Math.max(most, begun.size);
    }
    expect(begun.size).toBe(0);
    expect(most).toBe(1);
  });

  it('take turns when they are large', () => {
    const server = serverWith(3, { outputLimit: 100 * KIBIBYTE }, 2048 * KIBIBYTE);
    for (const stream of server.streams.values()) stream.sendData(new Uint8Array(1024 * KIBIBYTE), true);
    const order = server.sent().flatMap(({ type, id }) => (type === FrameType.DATA ? [id] : []));
    // The first one fills the output; then it is the turn of the others, 16 KiB a frame.
    expect(new Set(order.slice(7, 7 + 9))).toEqual(new Set([1, 3, 5]));
  });
});

describe('room', () => {
  const budget = () => new ReceiveBudget(1024 * KIBIBYTE);

  it('is there for what windows and output take, and for one message more', () => {
    const server = serverWith(3, { budget: budget(), outputLimit: 2 ** 30 });
    const [first, second, third] = [...server.streams.values()];
    expect(server.connection.hasRoom(first, 9_000 * KIBIBYTE)).toBe(true);
    first.sendData(new Uint8Array(1100 * KIBIBYTE), true);
    expect(first.queuedLength).toBe((1100 - 128) * KIBIBYTE);
    expect(server.connection.hasRoom(second, 128 * KIBIBYTE)).toBe(true);
    expect(server.connection.hasRoom(second, 128 * KIBIBYTE + 1)).toBe(false);
    second.sendData(new Uint8Array(100 * KIBIBYTE), false);
    expect(server.connection.hasRoom(second, 28 * KIBIBYTE)).toBe(true);
    expect(server.connection.hasRoom(second, 60 * KIBIBYTE)).toBe(false);
    // Behind a full output even what has a window waits in its stream.
    server.connection.congested = true;
    expect(server.connection.hasRoom(third, 60 * KIBIBYTE)).toBe(false);
    expect(server.connection.hasRoom(third, 52 * KIBIBYTE)).toBe(true);
  });

  it.each<[string, (server: Endpoint) => void]>([
    ['is let in', (server) => server.receive(windowUpdate(1, 600 * KIBIBYTE))],
    ['is reset', (server) => server.streams.get(1)?.reset(8)],
    ['ends with its connection', (server) => server.connection.terminate('gone')],
  ])('is back when what waits %s', (_how, relieve) => {
    const server = serverWith(2, { budget: budget(), outputLimit: 2 ** 30 });
    server.streams.get(1)?.sendData(new Uint8Array(1100 * KIBIBYTE), true);
    let relieved = 0;
    server.connection.whenRelieved(() => relieved++);
    server.receive(windowUpdate(1, 100 * KIBIBYTE));
    expect(relieved).toBe(0);
    relieve(server);
    expect(relieved).toBe(1);
    expect(server.connection.hasRoom(server.streams.get(3)!, 500 * KIBIBYTE)).toBe(true);
  });

  it('is not taken by what a stream can no longer send', () => {
    const client = new Endpoint('client', { budget: budget() });
    client.receive(settings());
    const { stream } = client.open();
    stream.sendData(new Uint8Array(1100 * KIBIBYTE), true);
    client.receive(windowUpdate(0, 2 ** 30), windowUpdate(stream.id, 2 ** 30));
    client.sent();
    expect(stream.localClosed).toBe(true);
    expect(stream.queuedLength).toBe(0);
    expect(client.connection.hasRoom(client.open().stream, 9_000 * KIBIBYTE)).toBe(true);
  });
});

function windowUpdate(streamId: number, increment: number): Uint8Array {
  return frame(FrameType.WINDOW_UPDATE, 0, streamId, uint32(increment));
}
