import { once } from 'node:events';
import { createConnection } from 'node:net';
import { describe, expect, it } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { createChannel } from '../../src/client/channel.js';
import { createClient } from '../../src/client/client.js';
import { Code } from '../../src/rpc/code.js';
import { RpcError } from '../../src/rpc/rpc-error.js';
import { createServer } from '../../src/server/server.js';
import { serverEvents } from '../../src/server/server-events.js';
import type { ServerListener } from '../../src/server/server-listener.js';
import { rejection } from '../client/rejection.js';
import { recordEvents } from '../socket/recorded-events.js';
import { openRawClient, rawAnswer, rawMessage } from './raw-client.js';
import { collect, type PodInfo, plainPodInfo, repeat, socketFolder, until } from './serve-podinfo.js';

/** A server with one listener, a client, and what is told of it. */
async function served(methods: Partial<PodInfo> = {}) {
  const folder = socketFolder();
  const file = folder.path('x.sock');
  const server = createServer({ onHandlerError: () => {}, limits: { handshakeTimeoutMs: 50 } });
  server.add(PodInfoDefinition, { ...plainPodInfo, ...methods });
  const listener: ServerListener = await server.listen(file);
  const channel = createChannel(file);
  const recorded = recordEvents(serverEvents, listener.address);
  return {
    ...{ server, listener, channel, recorded, file },
    podinfo: createClient(PodInfoDefinition, channel),
    async [Symbol.asyncDispose]() {
      await channel.close();
      await server.shutdown({ graceMs: 0 });
      recorded[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
}

const hang = async (_: unknown, { signal }: { signal: AbortSignal }): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('the calls of a server', () => {
  it('are told at their start and their end, whatever their kind', async () => {
    await using it = await served();
    await it.podinfo.describe({});
    await collect(it.podinfo.watch({ sampleLimit: 2 }));
    await it.podinfo.pushLogs(repeat(2, () => ({})));
    await collect(it.podinfo.exchange(repeat(2, () => ({}))));
    const { callStart, callEnd } = { callStart: it.recorded.of('callStart'), callEnd: it.recorded.of('callEnd') };
    const methods = ['Describe', 'Watch', 'PushLogs', 'Exchange'].map((name) => `podinfo.v1.PodInfo/${name}`);
    expect(callStart.map(({ method }) => method)).toEqual(methods);
    expect(callEnd.map(({ method, code, message }) => [method, code, message])).toEqual(
      methods.map((method) => [method, Code.OK, '']),
    );
    for (const call of callEnd) {
      expect(call.durationMs).toBeGreaterThan(0);
      expect(call.peer.endpoint).toBe(it.listener.address);
    }
    expect(it.listener.counters).toMatchObject({ callsStarted: 4, callsSucceeded: 4, callsFailed: 0 });
  });

  it('are told with what they failed with, and counted by it', async () => {
    await using it = await served({
      async describe({ text }, context) {
        if (text === 'hang') return hang(undefined, context);
        if (text === 'down') throw new RpcError(Code.UNAVAILABLE, 'not now');
        throw new Error('a secret');
      },
    });
    await rejection(it.podinfo.describe({}));
    await rejection(it.podinfo.describe({ text: 'down' }));
    const controller = new AbortController();
    const cancelled = rejection(it.podinfo.describe({ text: 'hang' }, { signal: controller.signal }));
    await until(() => it.listener.counters.callsStarted === 3);
    controller.abort();
    await cancelled;
    await until(() => it.listener.counters.callsFailed === 3);
    // The client resets the call when its own deadline passes, so that either may be first.
    await rejection(it.podinfo.describe({ text: 'hang' }, { timeoutMs: 1_000 }));
    await until(() => it.listener.counters.callsFailed === 4);
    const ends = it.recorded.of('callEnd').map(({ code, message }) => [code, message]);
    expect(ends.slice(0, 2)).toEqual([
      [Code.UNKNOWN, 'the handler failed; the server has the details'],
      [Code.UNAVAILABLE, 'not now'],
    ]);
    expect(ends[2]?.[0]).toBe(Code.CANCELLED);
    expect([Code.CANCELLED, Code.DEADLINE_EXCEEDED]).toContain(ends[3]?.[0]);
    const { callsCancelled, callsDeadlineExceeded, resetsReceived, ...counters } = it.listener.counters;
    expect(counters).toMatchObject({ callsStarted: 4, callsSucceeded: 0, callsFailed: 4, callsUnavailable: 1 });
    expect(callsCancelled + callsDeadlineExceeded).toBe(2);
    expect(resetsReceived).toBeGreaterThanOrEqual(1);
  });

  it('can be joined by the object, which is the same at both ends', async () => {
    await using it = await served();
    const open = new WeakMap<object, string>();
    const joined: (string | undefined)[] = [];
    const start = (call: object) => void open.set(call, 'started');
    const end = (call: object) => void joined.push(open.get(call));
    serverEvents.callStart.subscribe(start);
    serverEvents.callEnd.subscribe(end);
    await it.podinfo.describe({});
    serverEvents.callStart.unsubscribe(start);
    serverEvents.callEnd.unsubscribe(end);
    expect(joined).toEqual(['started']);
  });

  it('are not those that reach no handler, which are counted apart', async () => {
    await using it = await served();
    const raw = openRawClient(it.file);
    for (const [path, headers] of [
      ['/podinfo.v1.PodInfo/Nothing', {}],
      ['/podinfo.v1.PodInfo/Describe', { 'content-type': 'text/plain' }],
      ['/podinfo.v1.PodInfo/Describe', { 'x-large': 'x'.repeat(20_000) }],
    ] as const) {
      const stream = raw.request(path, headers);
      stream.end(rawMessage(0));
      await rawAnswer(stream);
    }
    raw.session.close();
    expect(it.listener.counters).toMatchObject({ requestsRejected: 3, callsStarted: 0 });
    expect(it.recorded.of('callStart')).toEqual([]);
  });

  it('go on when a subscriber throws, which is an uncaught exception', async () => {
    await using it = await served();
    const before = process.listeners('uncaughtException');
    const thrown: unknown[] = [];
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => thrown.push(error));
    const fail = (): never => {
      throw new Error('a broken subscriber');
    };
    const { callStart, callEnd } = serverEvents;
    for (const channel of [callStart, callEnd]) channel.subscribe(fail);
    try {
      expect((await it.podinfo.describe({ text: 'a' })).reply).toMatch(/^a/);
      expect(thrown).toMatchObject([{ message: 'a broken subscriber' }, { message: 'a broken subscriber' }]);
    } finally {
      for (const channel of [callStart, callEnd]) channel.unsubscribe(fail);
      process.removeAllListeners('uncaughtException');
      for (const listener of before) process.on('uncaughtException', listener);
    }
  });
});

describe('the end of a connection', () => {
  async function endOf(act: (it: Awaited<ReturnType<typeof served>>) => Promise<void>) {
    await using it = await served();
    await act(it);
    await until(() => it.recorded.of('disconnected').length === 1 && it.listener.counters.disconnected === 1);
    const [{ peer, reason, error, durationMs }] = it.recorded.of('disconnected');
    expect(peer.endpoint).toBe(it.listener.address);
    expect(durationMs).toBeGreaterThan(0);
    return { reason, error };
  }

  it('is told with its reason: the client is done', async () => {
    const end = await endOf(async (it) => {
      await it.podinfo.describe({});
      await it.channel.close();
    });
    expect(end).toEqual({ reason: 'the client said that it was done', error: undefined });
  });

  it('is told with its reason: the client is gone', async () => {
    const end = await endOf(async (it) => {
      const raw = openRawClient(it.file);
      const stream = raw.request('/podinfo.v1.PodInfo/Describe');
      stream.end(rawMessage(0));
      await rawAnswer(stream);
      raw.session.socket.destroySoon();
    });
    expect(end).toEqual({ reason: 'the client closed it without a word', error: undefined });
  });

  it('is told with its reason: the client says nothing', async () => {
    const end = await endOf(async (it) => {
      const socket = createConnection(it.file);
      await once(socket.resume(), 'close');
    });
    expect(end.reason).toMatch(/^SETTINGS_TIMEOUT: the peer sent no HTTP\/2 SETTINGS within 50 ms$/);
    expect(end.error?.message).toBe(end.reason);
  });

  it('is told with its reason: the client speaks something else', async () => {
    const end = await endOf(async (it) => {
      const socket = createConnection(it.file);
      socket.end('GET / HTTP/1.1\r\n\r\n');
      await once(socket.resume(), 'close');
    });
    expect(end.reason).toMatch(/^PROTOCOL_ERROR: /);
    expect(end.error?.message).toBe(end.reason);
  });

  it('is told with its reason: the server shuts down', async () => {
    const end = await endOf(async (it) => {
      await it.podinfo.describe({});
      await it.server.shutdown({ graceMs: 0 });
    });
    expect(end).toEqual({ reason: 'the server shut down', error: undefined });
  });
});
