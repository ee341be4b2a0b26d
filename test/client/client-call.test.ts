import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { BadRequest } from '../../gen/google/rpc/error_details.js';
import type { CallOptions } from '../../src/client/call-options.js';
import { Code } from '../../src/rpc/code.js';
import { Metadata } from '../../src/rpc/metadata.js';
import { RpcError } from '../../src/rpc/rpc-error.js';
import { findDetail, packDetail } from '../../src/rpc/status-detail.js';
import type { ServerContext } from '../../src/server/server-context.js';
import { collect, plainPodInfo, repeat, type Served, servePodInfo, signalled } from '../server/serve-podinfo.js';
import { rejection } from './rejection.js';

/** Each kind of call, to be made with options and to be served by one function that gets the context. */
const kinds = {
  unary: ({ podinfo }: Served, options: CallOptions) => podinfo.describe({ text: 'x' }, options),
  'server-streaming': ({ podinfo }: Served, options: CallOptions) => collect(podinfo.watch({}, options)),
  'client-streaming': ({ podinfo }: Served, options: CallOptions) =>
    podinfo.pushLogs(
      repeat(1, () => ({})),
      options,
    ),
  bidirectional: ({ podinfo }: Served, options: CallOptions) =>
    collect(
      podinfo.exchange(
        repeat(1, () => ({})),
        options,
      ),
    ),
} as const;
type Kind = keyof typeof kinds;
const everyKind = Object.keys(kinds) as Kind[];

function serveAll(handle: (context: ServerContext) => Promise<unknown>): Promise<Served> {
  return servePodInfo({
    async describe(_, context) {
      await handle(context);
      return {};
    },
    async *watch(_, context) {
      await handle(context);
      yield* [];
    },
    async pushLogs(_, context) {
      await handle(context);
      return {};
    },
    async *exchange(_, context) {
      await handle(context);
      yield* [];
    },
  });
}

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('metadata', () => {
  it.each(everyKind)('travels in both directions: %s', async (kind) => {
    await using served = await serveAll(async ({ metadata, header, trailer }) => {
      for (const [key, values] of metadata) {
        if (key === 'user-agent') continue;
        for (const value of values) {
          header.append(`header-${key}`, value as never);
          trailer.append(`trailer-${key}`, value as never);
        }
      }
    });
    let header: Metadata | undefined;
    let trailer: Metadata | undefined;
    await kinds[kind](served, {
      metadata: new Metadata([
        ['one', 'a'],
        ['several', ['b', 'c, d', 'b']],
        ['bytes-bin', [new Uint8Array([0, 255, 10]), new Uint8Array(0)]],
      ]),
      onHeader: (received) => (header = received),
      onTrailer: (received) => (trailer = received),
    });
    const bytes = [new Uint8Array([0, 255, 10]), new Uint8Array(0)];
    expect(Object.fromEntries(header ?? [])).toEqual({
      'header-one': ['a'],
      'header-several': ['b', 'c, d', 'b'],
      'header-bytes-bin': bytes,
    });
    expect(Object.fromEntries(trailer ?? [])).toEqual({
      'trailer-one': ['a'],
      'trailer-several': ['b', 'c, d', 'b'],
      'trailer-bytes-bin': bytes,
    });
  });

  it('says who calls, after what the application says', async () => {
    await using served = await servePodInfo(
      { describe: async (_, { metadata }) => ({ reply: metadata.get('user-agent') }) },
      { channel: { userAgent: 'test/1' } },
    );
    expect((await served.podinfo.describe({})).reply).toMatch(/^test\/1 podwire\/\d/);
  });

  it('shows the header before the first message when the server sends it early', async () => {
    const seen = signalled<Metadata>();
    const go = signalled();
    await using served = await servePodInfo({
      async *watch(_, context) {
        context.header.set('early', 'yes');
        context.sendHeader();
        context.header.set('late', 'no');
        await go.promise;
        yield {};
      },
    });
    const watch = collect(served.podinfo.watch({}, { onHeader: seen.resolve }));
    expect(Object.fromEntries(await seen.promise)).toEqual({ early: ['yes'] });
    go.resolve();
    expect(await watch).toHaveLength(1);
  });

  it('comes with an error: header, trailer and the metadata of the error', async () => {
    await using served = await serveAll(async ({ header, trailer }) => {
      header.set('in-header', '1');
      trailer.set('in-trailer', '2');
      throw new RpcError(Code.ABORTED, 'no', { metadata: { 'in-error': '3', 'in-trailer': '4' } });
    });
    let header: Metadata | undefined;
    let trailer: Metadata | undefined;
    const error = await rejection(
      served.podinfo.describe({}, { onHeader: (got) => (header = got), onTrailer: (got) => (trailer = got) }),
    );
    expect(Object.fromEntries(header ?? [])).toEqual({ 'in-header': ['1'] });
    const expected = { 'in-trailer': ['2', '4'], 'in-error': ['3'] };
    expect(Object.fromEntries(trailer ?? [])).toEqual(expected);
    expect(Object.fromEntries(error.metadata)).toEqual(expected);
  });

  it('has no header when the server answers with nothing but a status', async () => {
    await using served = await serveAll(async () => {
      throw new RpcError(Code.NOT_FOUND, '');
    });
    const called: string[] = [];
    const options = { onHeader: () => called.push('header'), onTrailer: () => called.push('trailer') };
    await rejection(served.podinfo.describe({}, options));
    expect(called).toEqual(['trailer']);
  });

  it('is refused here when the server would not take it, and other calls go on', async () => {
    await using served = await servePodInfo();
    const running = served.podinfo.exchange(repeat(1, () => ({})))[Symbol.asyncIterator]();
    await running.next();
    const error = await rejection(served.podinfo.describe({}, { metadata: { key: 'x'.repeat(100_000) } }));
    expect(error.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect(error.statusMessage).toMatch(
      /the request header with its metadata has 100\d\d\d bytes; the server takes 16384/,
    );
    expect(await running.next()).toMatchObject({ done: true });
    expect((await served.podinfo.describe({ text: 'still here.' })).reply).toContain('still here.');
  });

  it('is handed to callbacks with the AsyncLocalStorage of the call', async () => {
    await using served = await servePodInfo();
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const call = () =>
      served.podinfo.describe(
        {},
        { onHeader: () => seen.push(storage.getStore()), onTrailer: () => seen.push(storage.getStore()) },
      );
    await storage.run('first, who connects', call);
    await storage.run('second', async () => {
      await call();
      expect(storage.getStore()).toBe('second');
      for await (const _ of served.podinfo.watch({ sampleLimit: 2 })) expect(storage.getStore()).toBe('second');
    });
    expect(seen).toEqual(['first, who connects', 'first, who connects', 'second', 'second']);
  });
});

describe('deadlines', () => {
  it.each(everyKind)('end a call on both sides: %s', async (kind) => {
    const aborted = signalled<unknown>();
    await using served = await serveAll(({ signal }) => {
      signal.addEventListener('abort', () => aborted.resolve(signal.reason));
      return untilAborted(signal);
    });
    await served.channel.ready();
    const error = await rejection(kinds[kind](served, { timeoutMs: 50 }));
    expect(error.code).toBe(Code.DEADLINE_EXCEEDED);
    expect(error.statusMessage).toBe('the deadline passed before the call was done');
    // Whichever side is first ends it for both.
    expect([Code.DEADLINE_EXCEEDED, Code.CANCELLED]).toContain(((await aborted.promise) as RpcError).code);
  });

  it('end a call also when the server is first and says CANCELLED', async () => {
    // Nobody's timer: what tells the client is the server's answer alone.
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      await using served = await serveAll(async () => {
        const from = performance.now();
        while (performance.now() - from < 30) await nextTurn();
        throw new RpcError(Code.CANCELLED, 'Timeout expired');
      });
      const error = await rejection(served.podinfo.describe({}, { timeoutMs: 20 }));
      expect(error.code).toBe(Code.DEADLINE_EXCEEDED);
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([
    ['timeoutMs', { timeoutMs: 30_000 }, 30_000],
    ['a Date', { deadline: new Date(Date.now() + 20_000) }, 20_000],
    ['a number', { deadline: Date.now() + 20_000 }, 20_000],
    ['the earlier, by timeoutMs', { deadline: new Date(Date.now() + 3_000_000), timeoutMs: 30_000 }, 30_000],
    ['the earlier, by deadline', { deadline: new Date(Date.now() + 30_000), timeoutMs: 3_000_000 }, 30_000],
    ['a hundred years', { timeoutMs: 3.2e12 }, 3.2e12],
  ])('reach the server: %s', async (_, options, expected) => {
    let left = 0;
    await using served = await serveAll(async ({ deadline }) => {
      left = deadline!.getTime() - Date.now();
    });
    await served.podinfo.describe({}, options);
    expect(left).toBeLessThanOrEqual(expected * 1.0001 + 10);
    expect(left).toBeGreaterThan(expected / 2);
  });

  it.each([{}, { timeoutMs: Number.POSITIVE_INFINITY }])('are none without: %o', async (options) => {
    let seen: unknown = 'nothing';
    await using served = await serveAll(async ({ deadline }) => {
      seen = deadline;
    });
    await served.podinfo.describe({}, options);
    expect(seen).toBeUndefined();
  });

  it.each([{ timeoutMs: 0 }, { timeoutMs: -5 }, { deadline: new Date(0) }, { deadline: Date.now() - 1 }])(
    'that have passed send nothing: %o',
    async (options) => {
      let calls = 0;
      await using served = await serveAll(async () => calls++);
      for (const kind of everyKind) {
        const error = await rejection(kinds[kind](served, options));
        expect(error.code).toBe(Code.DEADLINE_EXCEEDED);
        expect(error.statusMessage).toBe('the deadline had passed before the call began');
      }
      await served.podinfo.describe({});
      expect(calls).toBe(1);
    },
  );

  it('end a call while it waits for a connection, and say why it waited', async () => {
    await using served = await servePodInfo({}, { channel: { waitForReady: true } });
    await served.server.shutdown();
    const error = await rejection(served.podinfo.describe({}, { timeoutMs: 60 }));
    expect(error.code).toBe(Code.DEADLINE_EXCEEDED);
    expect(error.statusMessage).toMatch(
      /before the call was sent: there was no connection to the server: (nobody listens|there is no such file)/,
    );
  });

  it('end a call that waits because the server takes no more, and say so', async () => {
    const block = signalled();
    await using served = await servePodInfo(
      {
        async describe() {
          await block.promise;
          return {};
        },
      },
      { server: { limits: { maxConcurrentStreams: 1 } } },
    );
    await served.channel.ready();
    const first = served.podinfo.describe({});
    const error = await rejection(served.podinfo.describe({}, { timeoutMs: 60 }));
    expect(error.statusMessage).toMatch(/before the call was sent: as many calls were open as the server allows/);
    block.resolve();
    await first;
  });
});

describe('cancelling by signal', () => {
  it.each(everyKind)('before the start sends nothing: %s', async (kind) => {
    let calls = 0;
    await using served = await serveAll(async () => calls++);
    const error = await rejection(kinds[kind](served, { signal: AbortSignal.abort() }));
    expect(error.code).toBe(Code.CANCELLED);
    await served.podinfo.describe({});
    expect(calls).toBe(1);
  });

  it.each(everyKind)('ends the handler: %s', async (kind) => {
    const began = signalled();
    const aborted = signalled<unknown>();
    await using served = await serveAll(({ signal }) => {
      began.resolve();
      signal.addEventListener('abort', () => aborted.resolve(signal.reason));
      return untilAborted(signal);
    });
    const controller = new AbortController();
    const call = rejection(kinds[kind](served, { signal: controller.signal }));
    await began.promise;
    const reason = new Error('enough');
    controller.abort(reason);
    const error = await call;
    expect(error.code).toBe(Code.CANCELLED);
    expect(error.cause).toBe(reason);
    expect(await aborted.promise).toMatchObject({ code: Code.CANCELLED });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it.each(everyKind)('ends a call that waits for a connection: %s', async (kind) => {
    await using served = await servePodInfo({}, { channel: { waitForReady: true } });
    await served.server.shutdown();
    const controller = new AbortController();
    const call = rejection(kinds[kind](served, { signal: controller.signal }));
    await delay(20);
    controller.abort();
    expect((await call).code).toBe(Code.CANCELLED);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('has DEADLINE_EXCEEDED for a signal that timed out', async () => {
    await using served = await serveAll(({ signal }) => untilAborted(signal));
    expect(await rejection(served.podinfo.describe({}, { signal: AbortSignal.timeout(20) }))).toMatchObject({
      code: Code.DEADLINE_EXCEEDED,
      statusMessage: "the caller's signal timed out",
    });
  });

  it('hands the end of a call on to a call that its handler makes', async () => {
    const inner = signalled<RpcError>();
    await using downstream = await serveAll(({ signal }) => untilAborted(signal));
    await using served = await serveAll(async ({ signal }) => {
      inner.resolve(await rejection(downstream.podinfo.describe({}, { signal })));
    });
    const error = await rejection(served.podinfo.describe({}, { timeoutMs: 1_000 }));
    expect(error.code).toBe(Code.DEADLINE_EXCEEDED);
    expect([Code.DEADLINE_EXCEEDED, Code.CANCELLED]).toContain((await inner.promise).code);
  });

  it('puts one listener on a shared signal for all calls, and takes it away', async () => {
    const warnings: string[] = [];
    const warned = (warning: Error) => warnings.push(warning.message);
    process.on('warning', warned);
    await using served = await servePodInfo();
    const { signal } = new AbortController();
    const calls = Array.from({ length: 100 }, () => served.podinfo.describe({}, { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await Promise.all(calls);
    await collect(served.podinfo.watch({ sampleLimit: 3 }, { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    await delay(0);
    process.off('warning', warned);
    expect(warnings).toEqual([]);
  });

  it('cancels all calls of a shared signal', async () => {
    await using served = await serveAll(({ signal }) => untilAborted(signal));
    const controller = new AbortController();
    const calls = everyKind.map((kind) => rejection(kinds[kind](served, { signal: controller.signal })));
    await delay(20);
    controller.abort();
    expect((await Promise.all(calls)).map(({ code }) => code)).toEqual(Array(4).fill(Code.CANCELLED));
  });

  it('does nothing after the call is over', async () => {
    await using served = await servePodInfo();
    const controller = new AbortController();
    const stream = served.podinfo.watch({ sampleLimit: 100 }, { signal: controller.signal })[Symbol.asyncIterator]();
    await stream.next();
    // All is here by now, read or not.
    await served.podinfo.describe({});
    await delay(20);
    controller.abort();
    let count = 1;
    while (!(await stream.next()).done) count++;
    expect(count).toBe(100);
  });
});

describe('errors', () => {
  it.each(everyKind)('are those of the handler, with details and metadata: %s', async (kind) => {
    await using served = await serveAll(async () => {
      throw new RpcError(Code.INVALID_ARGUMENT, 'schlecht: 100 % falsch\n→ nein', {
        metadata: { reason: ['a', 'b'] },
        details: [
          packDetail('google.rpc.BadRequest', BadRequest, { fieldViolations: [{ field: 'text', description: 'no' }] }),
        ],
      });
    });
    const error = await rejection(kinds[kind](served, {}));
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, statusMessage: 'schlecht: 100 % falsch\n→ nein' });
    expect(error.metadata.getAll('reason')).toEqual(['a', 'b']);
    const detail = findDetail(error, 'google.rpc.BadRequest', BadRequest);
    expect(detail?.fieldViolations[0]).toMatchObject({ field: 'text', description: 'no' });
  });

  it.each(everyKind)('carry the stack of the caller and name method and endpoint: %s', async (kind) => {
    await using served = await serveAll(async () => {
      throw new RpcError(Code.NOT_FOUND, 'no such pod');
    });
    async function whoCalls() {
      await kinds[kind](served, {});
    }
    const { stack, message, method, endpoint } = await rejection(whoCalls());
    const name = {
      unary: 'Describe',
      'server-streaming': 'Watch',
      'client-streaming': 'PushLogs',
      bidirectional: 'Exchange',
    }[kind];
    expect(message).toBe(`NOT_FOUND: no such pod (podinfo.v1.PodInfo/${name} at ${served.endpoint})`);
    expect({ method, endpoint }).toEqual({ method: `podinfo.v1.PodInfo/${name}`, endpoint: served.endpoint });
    expect(stack).toContain('whoCalls');
  });

  it('come after the messages that the server sent before', async () => {
    await using served = await servePodInfo({
      async *watch() {
        yield* repeat(5, (index) => ({ sequence: BigInt(index) }));
        throw new RpcError(Code.DATA_LOSS, 'the rest is lost');
      },
    });
    const stream = served.podinfo.watch({})[Symbol.asyncIterator]();
    await stream.next();
    await delay(20);
    for (let index = 1; index < 5; index++)
      expect(await stream.next()).toMatchObject({ value: { sequence: BigInt(index) } });
    await expect(stream.next()).rejects.toMatchObject({ code: Code.DATA_LOSS });
    expect(await stream.next()).toEqual({ value: undefined, done: true });
  });

  it('of a callback do not harm other calls', async () => {
    await using served = await servePodInfo();
    const thrown = new Error('of a callback');
    const caught = signalled<unknown>();
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', caught.resolve);
    const onHeader = () => {
      throw thrown;
    };
    const calls = [served.podinfo.describe({ text: 'a' }, { onHeader }), served.podinfo.describe({ text: 'b' })];
    const replies = await Promise.all(calls);
    expect(await caught.promise).toBe(thrown);
    for (const other of others) process.on('uncaughtException', other);
    expect(replies.map(({ reply }) => reply[0])).toEqual(['a', 'b']);
  });
});

describe('size limits and compression', () => {
  it('refuses a request that is larger than the client may send, and keeps the stream of others', async () => {
    await using served = await servePodInfo({}, { channel: { limits: { maxSendMessageLength: 1_000 } } });
    const unary = await rejection(served.podinfo.describe({ text: 'x'.repeat(1_000) }));
    expect(unary.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect(unary.message).toMatch(/the request has 1003 bytes, more than the limit of 1000 bytes \(podinfo/);
    const streamed = await rejection(served.podinfo.pushLogs(repeat(2, (i) => ({ line: 'x'.repeat(i * 1_000) }))));
    expect(streamed.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect((await served.podinfo.describe({ text: 'x'.repeat(996) })).reply).toHaveLength(996 + 29);
  });

  it.each(['unary', 'server-streaming'] as const)('refuses a response that is too large: %s', async (kind) => {
    await using served = await servePodInfo(
      {
        describe: async () => ({ reply: 'x'.repeat(2_000) }),
        async *watch() {
          yield { memoryUsageBytes: 2n ** 60n, cpuLimitMillicores: 2n ** 60n };
        },
      },
      { channel: { limits: { maxReceiveMessageLength: kind === 'unary' ? 1_000 : 10 } } },
    );
    const error = await rejection(kinds[kind](served, {}));
    expect(error.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect(error.statusMessage).toMatch(/larger than the limit of/);
  });

  it('refuses a response that is small and grows when it is decompressed', async () => {
    await using served = await servePodInfo(
      { describe: async () => ({ reply: 'x'.repeat(3_000_000) }) },
      { server: { compression: 'gzip' }, channel: { limits: { maxReceiveMessageLength: 100_000 } } },
    );
    const error = await rejection(served.podinfo.describe({}));
    expect(error.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect(error.message).toMatch(/when decompressed; .* \(podinfo/);
  });

  it.each(everyKind)('compresses what it sends when told so: %s', async (kind) => {
    for (const channel of [{ compression: 'gzip' } as const, {}]) {
      await using served = await servePodInfo(plainPodInfo, { channel });
      await kinds[kind](served, channel.compression ? {} : { compression: 'gzip' });
    }
    await using served = await servePodInfo({}, { channel: { compression: 'gzip' } });
    const { reply } = await served.podinfo.describe({ text: 'x'.repeat(100_000) });
    expect(reply).toHaveLength(100_029);
  });
});
