import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { HealthDefinition } from '../../gen/grpc/health/v1/health.js';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { createChannel } from '../../src/client/channel.js';
import { createClient } from '../../src/client/client.js';
import { Code } from '../../src/rpc/code.js';
import { createServer } from '../../src/server/server.js';
import { SocketError } from '../../src/socket/socket-error.js';
import { rejection } from '../client/rejection.js';
import {
  abstractName,
  allowOwn,
  collect,
  plainPodInfo,
  repeat,
  servePodInfo,
  signalled,
  socketFolder,
  until,
} from './serve-podinfo.js';
import { startPodInfoProcess } from './start-podinfo-process.js';

describe('createServer', () => {
  it('refuses options that cannot work', () => {
    expect(() => createServer({ limits: { maxFrameSize: 5 } })).toThrow(RangeError);
    expect(() => createServer({ limits: { maxFrames: 5 } as never })).toThrow(TypeError);
    expect(() => createServer({ keepalive: { timeMs: 0 } })).toThrow(RangeError);
    expect(() => createServer({ shutdownGraceMs: -1 })).toThrow('shutdownGraceMs is -1; it must be 0 milliseconds');
  });
});

describe('add', () => {
  it('refuses a service twice and knows those it has', () => {
    const server = createServer();
    expect(server.add(PodInfoDefinition, plainPodInfo)).toBe(server);
    expect(() => server.add(PodInfoDefinition, plainPodInfo)).toThrow(/podinfo\.v1\.PodInfo was added before/);
    expect([...server.services.keys()]).toEqual(['podinfo.v1.PodInfo']);
  });

  it('refuses what is no definition or no implementation', () => {
    const server = createServer() as unknown as Record<'add' | 'addPartial', (...given: unknown[]) => unknown>;
    for (const name of ['add', 'addPartial'] as const) {
      const message = `${name} takes a definition and an implementation: server.${name}(SettingsDefinition, { ... })`;
      for (const given of [[], [PodInfoDefinition], [PodInfoDefinition, null], [plainPodInfo, PodInfoDefinition]]) {
        expect(() => server[name](...given)).toThrow(new TypeError(message));
      }
    }
  });

  it('serves several services, also one that is added late', async () => {
    await using served = await servePodInfo();
    const health = createClient(HealthDefinition, served.channel);
    expect((await rejection(health.check({}))).code).toBe(Code.UNIMPLEMENTED);
    served.server.add(HealthDefinition, {
      check: async () => ({ status: 1 }),
      list: async () => ({}),
      watch: () => repeat(1, () => ({})),
    });
    expect((await health.check({})).status).toBe(1);
    expect((await served.podinfo.describe({ text: 'a' })).reply).toMatch(/^a/);
  });
});

describe('listen', () => {
  it('takes several endpoints and says where it listens', async () => {
    using folder = socketFolder();
    await using served = await servePodInfo();
    const listener = await served.server.listen(folder.path('x.sock'));
    expect(listener.address).toBe(`unix://${folder.path('x.sock')}`);
    const channel = createChannel(listener.address);
    expect((await createClient(PodInfoDefinition, channel).describe({ text: 'b' })).reply).toMatch(/^b/);
    expect(listener.connectionCount).toBe(1);
    expect(listener.counters.accepted).toBe(1);
    await served.podinfo.describe({});
    expect(served.server.connectionCount).toBe(2);
    await channel.close();
    await until(() => listener.connectionCount === 0);
  });

  it('gives an address back when its listener is closed; the connection goes on', async () => {
    using folder = socketFolder();
    await using served = await servePodInfo();
    const listener = await served.server.listen(folder.path('x.sock'));
    const channel = createChannel(listener.address);
    const podinfo = createClient(PodInfoDefinition, channel);
    await podinfo.describe({});
    await listener.close();
    await listener[Symbol.asyncDispose]();
    expect(existsSync(folder.path('x.sock'))).toBe(false);
    await podinfo.describe({});
    const again = await served.server.listen(folder.path('x.sock'));
    await again.close();
    await channel.close();
  });

  it('says what is wrong with an address', async () => {
    using folder = socketFolder();
    await using served = await servePodInfo({}, { endpoint: folder.path('x.sock') });
    const other = createServer();
    const taken = await other.listen(folder.path('x.sock')).catch((error: unknown) => error);
    expect(taken).toBeInstanceOf(SocketError);
    expect(taken).toMatchObject({ code: 'EADDRINUSE' });
    await expect(other.listen(folder.path('no/x.sock'))).rejects.toMatchObject({ code: 'ENOENT' });
    if (process.geteuid?.() === 0) {
      const code = 'ERR_PODWIRE_POLICY_REQUIRED';
      await expect(other.listen(`unix-abstract:podwire-${process.pid}`)).rejects.toMatchObject({ code });
    }
    await other.shutdown();
    expect((await served.podinfo.describe({ text: 'a' })).reply).toMatch(/^a/);
  });

  it('is over after shutdown, also when it had begun before', async () => {
    using folder = socketFolder();
    const server = createServer();
    const listening = server.listen(folder.path('x.sock'));
    const refused = expect(listening).rejects.toThrow(/was shut down before it listened on .*x\.sock/);
    await server.shutdown();
    await refused;
    expect(existsSync(folder.path('x.sock'))).toBe(false);
    await expect(server.listen(folder.path('x.sock'))).rejects.toThrow(/is shut down and cannot listen on .*x\.sock/);
  });
});

describe('a client that vanishes', () => {
  it('aborts the signal of its handlers and lets generators clean up', async () => {
    const aborted = signalled<unknown>();
    const cleaned = signalled();
    await using served = await servePodInfo({
      async *watch(_, { signal }) {
        const stopped = once(signal, 'abort');
        try {
          yield {};
          await stopped;
        } finally {
          aborted.resolve(signal.reason);
          cleaned.resolve();
        }
      },
    });
    await using client = startPodInfoProcess('watch', served.endpoint);
    expect(await client.next()).toMatchObject({ event: 'watching' });
    client.child.kill('SIGKILL');
    await cleaned.promise;
    expect(await aborted.promise).toMatchObject({ code: Code.CANCELLED });
    await until(() => served.server.connectionCount === 0);
  });
});

describe('shutdown', () => {
  const hang = async (_: unknown, { signal }: { signal: AbortSignal }): Promise<never> =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  it('lets open calls finish, takes no new ones, and frees the address at once', async () => {
    using folder = socketFolder();
    const gate = signalled();
    const began = signalled();
    await using served = await servePodInfo(
      {
        async describe() {
          began.resolve();
          await gate.promise;
          return { reply: 'done' };
        },
      },
      { endpoint: folder.path('x.sock') },
    );
    const open = served.podinfo.describe({});
    const stream = served.podinfo.exchange(
      (async function* () {
        yield {};
        await gate.promise;
        yield {};
      })(),
    );
    const exchanged = collect(stream);
    await began.promise;
    expect(served.server.stopping.aborted).toBe(false);
    const done = served.server.shutdown();
    expect(served.server.stopping.aborted).toBe(true);
    await until(() => !existsSync(folder.path('x.sock')));
    await until(() => served.channel.state !== 'ready');
    expect((await rejection(served.podinfo.describe({}))).code).toBe(Code.UNAVAILABLE);
    // Another server may take over while the first one finishes: later calls go there.
    const successor = createServer();
    successor.add(PodInfoDefinition, { ...plainPodInfo, describe: async () => ({ reply: 'successor' }) });
    await successor.listen(folder.path('x.sock'));
    expect((await served.podinfo.describe({})).reply).toBe('successor');
    gate.resolve();
    expect((await open).reply).toBe('done');
    expect(await exchanged).toHaveLength(2);
    await done;
    expect(served.server.connectionCount).toBe(0);
    await successor.shutdown({ graceMs: 0 });
  });

  it('refuses a grace that is no time, and goes on', async () => {
    await using served = await servePodInfo();
    expect(() => served.server.shutdown({ graceMs: Number.NaN })).toThrow(RangeError);
    expect((await served.podinfo.describe({ text: 'on' })).reply).toMatch(/^on/);
  });

  it('loses no call of a client that does not stop calling', async () => {
    const endpoint = abstractName();
    const start = async () => {
      const server = createServer();
      server.add(PodInfoDefinition, plainPodInfo);
      await server.listen(endpoint, allowOwn(endpoint));
      return server;
    };
    let server = await start();
    const channel = createChannel(endpoint, { waitForReady: true });
    const podinfo = createClient(PodInfoDefinition, channel);
    let calling = true;
    let calls = 0;
    const loops = Array.from({ length: 20 }, async () => {
      while (calling) {
        await podinfo.describe({});
        calls++;
      }
    });
    for (let round = 0; round < 5; round++) {
      await until(() => calls > round * 100);
      const stopped = server.shutdown();
      await stopped;
      server = await start();
    }
    calling = false;
    await Promise.all(loops);
    await channel.close();
    await server.shutdown();
  });

  it.each([0, 30])('ends calls with UNAVAILABLE after a grace of %i ms', async (graceMs) => {
    const reasons: unknown[] = [];
    await using served = await servePodInfo({
      describe: (request, context) => {
        context.signal.addEventListener('abort', () => reasons.push(context.signal.reason));
        return hang(request, context);
      },
      async *watch() {
        yield {};
        await new Promise(() => {});
      },
    });
    const unary = rejection(served.podinfo.describe({}));
    const stream = served.podinfo.watch({})[Symbol.asyncIterator]();
    await stream.next();
    const streaming = rejection(stream.next());
    await served.server.shutdown({ graceMs });
    for (const error of [await unary, await streaming]) {
      expect(error).toMatchObject({ code: Code.UNAVAILABLE, statusMessage: 'the server is shutting down' });
    }
    expect(reasons).toMatchObject([{ code: Code.UNAVAILABLE }]);
  });

  it('happens once; a later call with a shorter grace counts', async () => {
    const began = signalled();
    await using served = await servePodInfo({
      describe(request, context) {
        began.resolve();
        return hang(request, context);
      },
    });
    const open = rejection(served.podinfo.describe({}));
    await began.promise;
    const first = served.server.shutdown({ graceMs: Number.POSITIVE_INFINITY });
    expect(served.server.shutdown({ graceMs: 3_600_000 })).toBe(first);
    expect(served.server[Symbol.asyncDispose]()).toBe(first);
    await delay(20);
    expect(served.server.connectionCount).toBe(1);
    await served.server.shutdown({ graceMs: 0 });
    expect((await open).code).toBe(Code.UNAVAILABLE);
    await served.server.shutdown();
  });

  it('tells long streams through their context, so that they need not use up the grace', async () => {
    await using served = await servePodInfo({
      async *watch(_, { signal, stopping }) {
        yield { sequence: 1n };
        await once(stopping, 'abort');
        expect(signal.aborted).toBe(false);
        yield { sequence: 2n };
      },
    });
    const samples = served.podinfo.watch({})[Symbol.asyncIterator]();
    await samples.next();
    const closed = served.server.closed.then(() => 'closed');
    const shutdown = served.server.shutdown({ graceMs: Number.POSITIVE_INFINITY });
    expect((await samples.next()).value?.sequence).toBe(2n);
    expect((await samples.next()).done).toBe(true);
    await shutdown;
    expect(await closed).toBe('closed');
  });

  it('ends calls after the grace of the server when it is not told another', async () => {
    await using served = await servePodInfo({ describe: hang }, { server: { shutdownGraceMs: 20 } });
    const open = rejection(served.podinfo.describe({}));
    await until(() => served.server.connectionCount === 1);
    await delay(10);
    await served.server.shutdown();
    expect((await open).code).toBe(Code.UNAVAILABLE);
  });

  it('is not held up by a client that does not answer', async () => {
    using folder = socketFolder();
    await using served = await servePodInfo({}, { endpoint: folder.path('x.sock') });
    // Connects, and neither says nor reads anything.
    const hung = createConnection(folder.path('x.sock')).pause();
    await until(() => served.server.connectionCount === 1);
    await served.server.shutdown({ graceMs: 20 });
    expect(served.server.connectionCount).toBe(0);
    hung.destroy();
  });

  it('is not held up by a client that stopped with much to read', async () => {
    await using served = await servePodInfo({
      async *watch() {
        for (;;) yield { sequence: 2n ** 63n };
      },
    });
    await using client = startPodInfoProcess('watch', served.endpoint);
    await client.next();
    client.child.kill('SIGSTOP');
    await delay(50);
    await served.server.shutdown({ graceMs: 20 });
    expect(served.server.connectionCount).toBe(0);
  });

  it('is not held up by a handler that does not look, nor does what it gives then do harm', async () => {
    const gate = signalled();
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    await using served = await servePodInfo({
      async describe({ text }) {
        await gate.promise;
        if (text === 'throw') throw new Error('too late');
        return {};
      },
    });
    const calls = ['', 'throw'].map((text) => rejection(served.podinfo.describe({ text })));
    await delay(20);
    await served.server.shutdown({ graceMs: 0 });
    for (const call of calls) expect((await call).code).toBe(Code.UNAVAILABLE);
    gate.resolve();
    await delay(10);
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});
