import { getEventListeners } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer as createNetServer, type Socket } from 'node:net';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { type Channel, createChannel } from '../../src/client/channel.js';
import { createClient } from '../../src/client/client.js';
import type { ClientChannel } from '../../src/client/client-channel.js';
import { EndpointError } from '../../src/endpoint/endpoint-error.js';
import { Code } from '../../src/rpc/code.js';
import type { Server } from '../../src/server/server.js';
import { createServer } from '../../src/server/server.js';
import { sameUser, users } from '../../src/socket/peer-policy.js';
import {
  abstractName,
  allowOwn,
  collect,
  type PodInfo,
  plainPodInfo,
  repeat,
  servePodInfo,
  signalled,
  socketFolder,
  until,
} from '../server/serve-podinfo.js';
import { startPodInfoProcess } from '../server/start-podinfo-process.js';
import { knowsPeers } from '../socket/knows-peers.js';
import { rejection } from './rejection.js';

async function startServer(endpoint: string, methods: Partial<PodInfo> = {}): Promise<Server> {
  const server = createServer();
  server.add(PodInfoDefinition, { ...plainPodInfo, ...methods });
  await server.listen(endpoint, allowOwn(endpoint));
  return server;
}

/** Resolves after so many turns of the event loop: in each, client and server have done all that they could. */
async function afterTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

const fast = { backoff: { firstMs: 1, longestMs: 20 } };

describe('createChannel', () => {
  it('dials nothing before it is used', async () => {
    const channel = createChannel(abstractName());
    await delay(5);
    expect(channel.state).toBe('idle');
    await channel.close();
    expect(channel.state).toBe('shutdown');
  });

  it('refuses what cannot work', () => {
    expect(() => createChannel('tcp://localhost:80')).toThrow(EndpointError);
    expect(() => createChannel('/x.sock', { limits: { streamWindow: 0 } })).toThrow(RangeError);
    expect(() => createChannel('/x.sock', { allowServer: sameUser as never })).toThrow(TypeError);
    expect(() => createChannel('/x.sock', { keepalive: { timeMs: 1 } })).toThrow(RangeError);
    expect(() => createChannel('/x.sock', { backoff: { multiplier: 0 } })).toThrow(RangeError);
  });

  it('makes a channel that prints its address and state', async () => {
    const channel = createChannel('/x.sock');
    expect(inspect(channel)).toBe("Channel { address: 'unix:///x.sock', state: 'idle' }");
    await channel.close();
  });

  it('says the version of the package in user-agent', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect((createChannel('/x.sock') as ClientChannel).userAgent).toBe(`podwire/${version}`);
  });
});

describe('a server that is not there', () => {
  it.each([
    ['a path', Code.UNAVAILABLE, /there is no such file; start the server, or check the path and the mounts/],
    // Where nobody can tell who the server is, the default policy refuses before it looks for one.
    knowsPeers
      ? [
          'an abstract name',
          Code.UNAVAILABLE,
          /nobody listens on this name in this network namespace; start the server/,
        ]
      : ['an abstract name', Code.UNIMPLEMENTED, /who is at the other end cannot be known here.*Install koffi/],
  ] as const)('fails a call with endpoint and what to do: %s', async (kind, code, advice) => {
    using folder = socketFolder();
    const name = `unix-abstract:podwire-nobody-${process.pid}`;
    const channel = createChannel(kind === 'a path' ? folder.path('x.sock') : name);
    const podinfo = createClient(PodInfoDefinition, channel);
    for (const call of [podinfo.describe({}), collect(podinfo.watch({})), podinfo.pushLogs(repeat(1, () => ({})))]) {
      const error = await rejection(call);
      expect(error.code).toBe(code);
      expect(error.message).toContain(`at ${channel.address})`);
      expect(error.message).toMatch(advice);
      // Itself, not an error that says the same once more.
      expect(error.cause).toMatchObject({ name: 'SocketError', endpoint: channel.address });
    }
    const late = await rejection(channel.ready({ timeoutMs: 30 }));
    expect(late.cause).toMatchObject({ name: 'SocketError', endpoint: channel.address });
    expect(channel.state).toBe('transient-failure');
    await channel.close();
  });

  it('is waited for by a call that says so, whatever the channel says', async () => {
    const endpoint = abstractName();
    const channel = createChannel(endpoint, { ...fast, waitForReady: true });
    const podinfo = createClient(PodInfoDefinition, channel);
    expect((await rejection(podinfo.describe({}, { waitForReady: false }))).code).toBe(Code.UNAVAILABLE);
    const waiting = [
      podinfo.describe({ text: 'patient.' }),
      collect(podinfo.watch({ sampleLimit: 2 })),
      podinfo.pushLogs(repeat(3, () => ({}))),
      collect(podinfo.exchange(repeat(3, () => ({})))),
    ] as const;
    await delay(20);
    const server = await startServer(endpoint);
    const [reply, watched, pushed, exchanged] = await Promise.all(waiting);
    expect(reply.reply).toMatch(/^patient/);
    expect([watched.length, pushed.acceptedLines, exchanged.length]).toEqual([2, 3n, 3]);
    await channel.close();
    await server.shutdown();
  });

  it('is waited for again when it goes while it is waited for', async () => {
    using folder = socketFolder();
    const path = folder.path('x.sock');
    // Accepts, and goes away before it has said anything.
    const dying = createNetServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => dying.listen(path, resolve));
    const channel = createChannel(path, fast);
    const call = createClient(PodInfoDefinition, channel).describe({ text: 'x' }, { waitForReady: true });
    await delay(20);
    await new Promise((resolve) => dying.close(resolve));
    const server = await startServer(path);
    expect((await call).reply).toMatch(/^x/);
    await channel.close();
    await server.shutdown();
  });

  it.each([
    ['closes', (socket: Socket) => void socket.end(), ''],
    // It leaves the client's first bytes unread: then the kernel says so.
    ['dies', (socket: Socket) => void afterTurns(20).then(() => socket.destroy()), ' (read ECONNRESET)'],
  ])('is UNAVAILABLE when it %s before the handshake', async (_, end, how) => {
    using folder = socketFolder();
    const server = createNetServer({ pauseOnConnect: true }, end);
    await new Promise<void>((resolve) => server.listen(folder.path('x.sock'), resolve));
    const channel = createChannel(folder.path('x.sock'));
    const error = await rejection(createClient(PodInfoDefinition, channel).describe({}));
    expect(error.statusMessage).toBe(`the server ended the connection before its HTTP/2 handshake${how}`);
    expect((error.cause as Error | undefined)?.message).toBe(how === '' ? undefined : 'read ECONNRESET');
    await channel.close();
    server.close();
  });

  it('is UNAVAILABLE when it accepts and says nothing, after the handshake timeout', async () => {
    using folder = socketFolder();
    const sockets: Socket[] = [];
    const silent = createNetServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(folder.path('x.sock'), resolve));
    const channel = createChannel(folder.path('x.sock'), { limits: { handshakeTimeoutMs: 50 } });
    const error = await rejection(createClient(PodInfoDefinition, channel).describe({}));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE });
    expect(error.statusMessage).toMatch(
      /no HTTP\/2 handshake: SETTINGS_TIMEOUT: the peer sent no HTTP\/2 SETTINGS within 50 ms/,
    );
    await channel.close();
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it('is UNAVAILABLE when it speaks something else', async () => {
    using folder = socketFolder();
    const other = createNetServer((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'));
    await new Promise<void>((resolve) => other.listen(folder.path('x.sock'), resolve));
    const channel = createChannel(folder.path('x.sock'));
    const error = await rejection(createClient(PodInfoDefinition, channel).describe({}));
    expect(error.code).toBe(Code.UNAVAILABLE);
    expect(error.statusMessage).toMatch(/^no HTTP\/2 handshake/);
    await channel.close();
    other.close();
  });
});

describe('a server that restarts', () => {
  it.each(['path', 'abstract'])('is found again, the same process: %s', async (kind) => {
    using folder = socketFolder();
    const endpoint = kind === 'path' ? folder.path('x.sock') : abstractName();
    const channel = createChannel(endpoint, fast);
    const podinfo = createClient(PodInfoDefinition, channel);
    for (let round = 0; round < 3; round++) {
      const server = await startServer(endpoint);
      expect((await podinfo.describe({ text: `${round}` })).reply).toMatch(new RegExp(`^${round}`));
      expect(channel.state).toBe('ready');
      await server.shutdown();
      await until(() => channel.state !== 'ready');
      expect((await rejection(podinfo.describe({}))).code).toBe(Code.UNAVAILABLE);
    }
    await channel.close();
  });

  it('is found again after it was killed, and the call of then is UNAVAILABLE', async () => {
    const endpoint = abstractName();
    const channel = createChannel(endpoint, fast);
    const podinfo = createClient(PodInfoDefinition, channel);
    await using first = startPodInfoProcess('serve', endpoint);
    expect(await first.next()).toMatchObject({ event: 'listening' });
    expect((await podinfo.describe({})).reply).toContain(String(first.child.pid));
    const { pid } = first.child;
    expect(channel.peer).toMatchObject(knowsPeers ? { pid, uid: process.geteuid?.() } : { endpoint });
    const hanging = rejection(podinfo.describe({ text: 'hang' }, { waitForReady: true }));
    expect(await first.next()).toMatchObject({ event: 'hanging' });
    first.child.kill('SIGKILL');
    expect((await hanging).code).toBe(Code.UNAVAILABLE);
    expect(channel.peer).toBeUndefined();
    const patient = podinfo.describe({}, { waitForReady: true });
    await using second = startPodInfoProcess('serve', endpoint);
    expect((await patient).reply).toContain(String(second.child.pid));
    await channel.close();
  });
});

describe('the backoff', () => {
  it('is not waited for by a new call, which sees a server that has just come', async () => {
    const endpoint = abstractName();
    const channel = createChannel(endpoint, { backoff: { firstMs: 3_600_000, longestMs: 3_600_000 } });
    const podinfo = createClient(PodInfoDefinition, channel);
    const waiting = podinfo.describe({}, { waitForReady: true });
    await until(() => channel.state === 'transient-failure');
    expect((await rejection(podinfo.describe({}))).code).toBe(Code.UNAVAILABLE);
    const server = await startServer(endpoint);
    await podinfo.describe({});
    await waiting;
    await channel.close();
    await server.shutdown();
  });
});

describe('watchState', () => {
  it('tells every change, until it is told to stop', async () => {
    const endpoint = abstractName();
    const channel = createChannel(endpoint, fast) as ClientChannel;
    const states: string[] = [];
    const stop = channel.watchState(() => states.push(channel.state));
    const podinfo = createClient(PodInfoDefinition, channel);
    await rejection(podinfo.describe({}));
    const server = await startServer(endpoint);
    await podinfo.describe({});
    await server.shutdown();
    await until(() => channel.state === 'idle');
    await rejection(podinfo.describe({}));
    const failing = ['connecting', 'transient-failure'];
    expect(states).toEqual([...failing, 'connecting', 'ready', 'idle', ...failing]);
    stop();
    await channel.close();
    expect(states).toHaveLength(7);
  });

  it('lets a watcher close the channel', async () => {
    const channel = createChannel(abstractName()) as ClientChannel;
    channel.watchState(() => void channel.close());
    expect((await rejection(createClient(PodInfoDefinition, channel).describe({}))).code).toBe(Code.UNAVAILABLE);
    expect(channel.state).toBe('shutdown');
  });
});

describe('ready', () => {
  it('resolves for all who wait when the server comes, and at once later', async () => {
    const endpoint = abstractName();
    const channel = createChannel(endpoint, fast);
    const { signal } = new AbortController();
    const waiters = Array.from({ length: 20 }, () => channel.ready({ signal, timeoutMs: Number.POSITIVE_INFINITY }));
    await delay(10);
    const server = await startServer(endpoint);
    await Promise.all(waiters);
    await channel.ready({ timeoutMs: 0 });
    expect(channel.state).toBe('ready');
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    await channel.close();
    await server.shutdown();
  });

  it('is DEADLINE_EXCEEDED when the server does not come, with the reason and the stack of the caller', async () => {
    const channel = createChannel(abstractName(), fast);
    const reason = knowsPeers ? 'nobody listens on this name' : 'there is no such file';
    async function whoWaits() {
      await channel.ready({ timeoutMs: 30 });
    }
    const error = await rejection(whoWaits());
    expect(error.code).toBe(Code.DEADLINE_EXCEEDED);
    expect(error.message).toContain(`not ready within 30 ms: ${reason}`);
    expect(error.message).toContain(`(at ${channel.address})`);
    expect(error.stack).toContain('whoWaits');
    await channel.close();
  });

  it('is CANCELLED by its signal, one waiter at a time', async () => {
    const endpoint = abstractName();
    const channel = createChannel(endpoint, fast);
    const controller = new AbortController();
    const [cancelled, other] = [rejection(channel.ready({ signal: controller.signal })), channel.ready()];
    controller.abort(new Error('enough'));
    expect(await cancelled).toMatchObject({ code: Code.CANCELLED, cause: controller.signal.reason });
    expect((await rejection(channel.ready({ signal: controller.signal }))).code).toBe(Code.CANCELLED);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    const server = await startServer(endpoint);
    await other;
    await channel.close();
    await server.shutdown();
  });

  it('is PERMISSION_DENIED when the server is not who it must be, UNIMPLEMENTED where nobody can tell', async () => {
    await using served = await servePodInfo({}, { channel: { allowServer: users(12_345) } });
    const code = knowsPeers ? Code.PERMISSION_DENIED : Code.UNIMPLEMENTED;
    const [first, second] = await Promise.all([rejection(served.channel.ready()), rejection(served.channel.ready())]);
    expect(first.code).toBe(code);
    expect(second.code).toBe(code);
    const call = await rejection(served.podinfo.describe({}, { waitForReady: true }));
    expect(call.code).toBe(code);
    expect(served.server.connectionCount).toBe(0);
  });

  it('refuses a timeout that is no number', async () => {
    const channel = createChannel(abstractName());
    await expect(channel.ready({ timeoutMs: Number.NaN })).rejects.toThrow(TypeError);
    expect(channel.state).toBe('idle');
  });

  it('is UNAVAILABLE when the channel is closed', async () => {
    const channel = createChannel(abstractName());
    const waiting = rejection(channel.ready());
    await channel.close();
    expect((await waiting).code).toBe(Code.UNAVAILABLE);
    expect((await rejection(channel.ready())).statusMessage).toBe('the channel is closed');
  });
});

describe.skipIf(process.geteuid?.() !== 0)('a server that refuses the client', () => {
  it('is an error that says why, every time', async () => {
    await using served = await servePodInfo();
    for (let round = 0; round < 3; round++) {
      await using client = startPodInfoProcess('call', served.endpoint, { uid: 54_321 });
      const failed = await client.next();
      // Without koffi the server listens on a path, whose mode has the same effect.
      const [code, reason] = knowsPeers
        ? [Code.PERMISSION_DENIED, /the server refused this process: podwire: .*54321/]
        : [Code.UNAVAILABLE, /no permission; connecting needs write permission on the socket/];
      expect(failed).toMatchObject({ event: 'failed', code });
      expect(failed?.message).toMatch(reason);
      expect(await client.exited).toEqual([1, null]);
    }
  });
});

describe('a server that is full', () => {
  it('is UNAVAILABLE with its reason, and is waited for by calls that say so', async () => {
    using folder = socketFolder();
    const endpoint = folder.path('x.sock');
    const server = createServer().add(PodInfoDefinition, plainPodInfo);
    await server.listen(endpoint, { maxConnections: 1 });
    const first = createChannel(endpoint);
    await first.ready();
    const second = createChannel(endpoint, fast);
    const podInfo = createClient(PodInfoDefinition, second);
    await expect(podInfo.describe({ text: 'x' })).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringMatching(/no place for this process: podwire: 1 connections are open/),
    });
    const waiting = podInfo.describe({ text: 'x' }, { waitForReady: true, timeoutMs: 10_000 });
    await first.close();
    expect(await waiting).toMatchObject({ reply: expect.stringContaining('x') });
    await second.close();
    await server.shutdown();
  });
});

describe('many calls', () => {
  it('wait for a place when the server takes no more, in order, and all complete', async () => {
    let running = 0;
    let most = 0;
    const order: number[] = [];
    await using served = await servePodInfo({
      async describe({ text }) {
        order.push(Number(text));
        most = Math.max(most, ++running);
        await delay(1);
        running--;
        return { reply: text };
      },
    });
    const calls = Array.from({ length: 2_000 }, (_, index) => served.podinfo.describe({ text: `${index}` }));
    const replies = await Promise.all(calls);
    expect(replies.every(({ reply }, index) => reply === `${index}`)).toBe(true);
    expect(most).toBeLessThanOrEqual(1_024);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it('let a stream go on while others queue behind the limit', async () => {
    await using served = await servePodInfo({}, { server: { limits: { maxConcurrentStreams: 2 } } });
    const gate = signalled();
    async function* requests() {
      yield { command: 'first' };
      await gate.promise;
      yield { command: 'last' };
    }
    const exchange = collect(served.podinfo.exchange(requests()));
    await Promise.all(Array.from({ length: 50 }, () => served.podinfo.describe({})));
    gate.resolve();
    expect(await exchange).toHaveLength(2);
  });

  it('go on over another connection when one has no stream identifiers left, while its last calls are open', async () => {
    const end = signalled();
    await using served = await servePodInfo({
      async *watch() {
        yield {};
        await end.promise;
      },
    });
    const watch = served.podinfo.watch({})[Symbol.asyncIterator]();
    await watch.next();
    // As after 2^30 calls, which would take hours.
    (served.channel as ClientChannel).place({
      waitForReady: false,
      begin: ({ connection }) => Object.defineProperty(connection, 'usable', { value: false }),
      fail: () => {},
    });
    await served.channel.ready({ timeoutMs: 5_000 });
    await served.podinfo.describe({});
    expect(served.channel.counters.connected).toBe(2);
    end.resolve();
    expect(await watch.next()).toMatchObject({ done: true });
    await until(() => served.channel.counters.disconnected === 1);
  });

  it('that are cancelled in the queue make room', async () => {
    const gate = signalled();
    const texts: string[] = [];
    await using served = await servePodInfo(
      {
        async describe({ text }) {
          texts.push(text);
          await gate.promise;
          return {};
        },
      },
      { server: { limits: { maxConcurrentStreams: 1 } } },
    );
    const controller = new AbortController();
    const first = served.podinfo.describe({ text: 'first' });
    const queued = rejection(served.podinfo.describe({ text: 'cancelled' }, { signal: controller.signal }));
    const last = served.podinfo.describe({ text: 'last' });
    await until(() => texts.length === 1);
    controller.abort();
    expect((await queued).code).toBe(Code.CANCELLED);
    gate.resolve();
    await Promise.all([first, last]);
    expect(texts).toEqual(['first', 'last']);
  });
});

describe('close', () => {
  it('refuses a grace that is no time, and goes on', async () => {
    await using served = await servePodInfo();
    for (const graceMs of [-1, Number.NaN, 'long' as never]) {
      expect(() => served.channel.close({ graceMs })).toThrow(
        new RangeError(`graceMs is ${graceMs}; it must be 0 milliseconds or more, Infinity to wait for every call`),
      );
    }
    expect((await served.podinfo.describe({ text: 'on' })).reply).toMatch(/^on/);
  });

  const hang = async (_: unknown, { signal }: { signal: AbortSignal }): Promise<never> =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  it('fails open and later calls at once without a grace', async () => {
    await using served = await servePodInfo({ describe: hang });
    const open = rejection(served.podinfo.describe({}));
    await until(() => served.server.connectionCount === 1);
    await delay(10);
    await served.channel.close();
    expect((await open).code).toBe(Code.UNAVAILABLE);
    expect(await rejection(served.podinfo.describe({}))).toMatchObject({ statusMessage: 'the channel is closed' });
    expect(await rejection(collect(served.podinfo.watch({})))).toMatchObject({
      statusMessage: 'the channel is closed',
    });
    await until(() => served.server.connectionCount === 0);
  });

  it('lets open calls finish within the grace', async () => {
    const gate = signalled();
    const began = signalled();
    await using served = await servePodInfo({
      async describe() {
        began.resolve();
        await gate.promise;
        return { reply: 'done' };
      },
    });
    const open = served.podinfo.describe({});
    await began.promise;
    const closed = served.channel.close({ graceMs: 60_000 });
    expect((await rejection(served.podinfo.describe({}))).code).toBe(Code.UNAVAILABLE);
    gate.resolve();
    expect((await open).reply).toBe('done');
    await closed;
    expect(served.channel.state).toBe('shutdown');
  });

  it('fails what is open when the grace is over, or when it is closed again without one', async () => {
    for (const again of [false, true]) {
      await using served = await servePodInfo({ describe: hang });
      await served.channel.ready();
      const open = rejection(served.podinfo.describe({}));
      await delay(10);
      const closed = served.channel.close({ graceMs: again ? Number.POSITIVE_INFINITY : 20 });
      if (again) await served.channel[Symbol.asyncDispose]();
      expect((await open).code).toBe(Code.UNAVAILABLE);
      await closed;
    }
  });

  it('fails calls that wait for a server', async () => {
    const channel = createChannel(abstractName(), { waitForReady: true });
    const podinfo = createClient(PodInfoDefinition, channel);
    const waiting = [rejection(podinfo.describe({})), rejection(collect(podinfo.watch({})))];
    await delay(5);
    await channel.close();
    for (const error of await Promise.all(waiting)) expect(error.statusMessage).toBe('the channel is closed');
  });

  it.each([
    ['while it connects', async (_: Channel) => {}],
    ['while it shakes hands', async (channel: Channel) => until(() => channel.state === 'connecting')],
  ])('ends a connection that was not made yet: %s', async (_, wait) => {
    using folder = socketFolder();
    const closed = signalled();
    const silent = createNetServer((socket) => socket.on('close', () => closed.resolve()).resume());
    await new Promise<void>((resolve) => silent.listen(folder.path('x.sock'), resolve));
    const channel = createChannel(folder.path('x.sock'));
    const call = rejection(createClient(PodInfoDefinition, channel).describe({}));
    await wait(channel);
    await channel.close();
    expect((await call).statusMessage).toBe('the channel is closed');
    await closed.promise;
    silent.close();
  });
});

describe('what is left over', () => {
  it('is nothing: no descriptor, timer, handle or listener', async () => {
    const resources = (): number =>
      readdirSync('/proc/self/fd').length + process.getActiveResourcesInfo().length + process.listenerCount('SIGTERM');
    const round = async (): Promise<void> => {
      const served = await servePodInfo({}, { server: { shutdownOn: true }, channel: fast });
      const { podinfo, channel, server } = served;
      const controller = new AbortController();
      const { signal } = controller;
      await podinfo.describe({}, { signal, timeoutMs: 60_000 });
      for await (const _ of podinfo.watch({ sampleLimit: 5 }, { signal })) break;
      // Never iterated: never begun.
      podinfo.watch({}, { signal, timeoutMs: 60_000 });
      await rejection(podinfo.describe({}, { timeoutMs: 0 }));
      await server.shutdown();
      await rejection(podinfo.describe({}, { signal }));
      await rejection(podinfo.describe({}, { waitForReady: true, timeoutMs: 20, signal }));
      await rejection(channel.ready({ timeoutMs: 10, signal }));
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
      await served[Symbol.asyncDispose]();
    };
    await round();
    const before = resources();
    // What earlier tests still have open may go meanwhile; each of ours would be there ten times.
    for (let count = 0; count < 10; count++) await round();
    await until(() => resources() <= before);
  });

  it('does not keep a process alive that is done: calls made, server there, channel never closed', async () => {
    await using served = await servePodInfo();
    await using client = startPodInfoProcess('call', served.endpoint);
    expect(await client.next()).toMatchObject({ event: 'called' });
    expect(await client.exited).toEqual([0, null]);
  });

  it('keeps a process alive that waits for an answer, also on a connection that was idle', async () => {
    await using served = await servePodInfo({
      async describe() {
        await delay(200);
        return {};
      },
    });
    await using client = startPodInfoProcess('call', served.endpoint, { count: 30 });
    expect(await client.next()).toMatchObject({ event: 'called' });
  });

  it('does not keep a process alive that gave up on a server which says nothing', async () => {
    using folder = socketFolder();
    const sockets: Socket[] = [];
    const silent = createNetServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(folder.path('x.sock'), resolve));
    await using client = startPodInfoProcess('call', folder.path('x.sock'), { timeoutMs: 50 });
    expect(await client.next()).toMatchObject({ event: 'failed', code: Code.DEADLINE_EXCEEDED });
    // Its handshake could go on for ten minutes.
    expect(await client.exited).toEqual([1, null]);
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it('does not grow with the number of calls', { timeout: 120_000 }, async () => {
    await using both = startPodInfoProcess('serve-and-call', abstractName(), { count: 100_000 });
    expect(await both.next()).toMatchObject({ event: 'listening' });
    const called = await both.next();
    expect(called?.event).toBe('called');
    expect(called?.grown).toBeLessThan(2_000_000);
    expect(await both.exited).toEqual([0, null]);
  });
});
