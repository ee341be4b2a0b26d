import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { ErrorCode } from '../../src/http2/error-code.js';
import { Code } from '../../src/rpc/code.js';
import { MessageAssembler } from '../../src/rpc/message-assembler.js';
import { RpcError } from '../../src/rpc/rpc-error.js';
import type { ServerContext } from '../../src/server/server-context.js';
import { rejection } from '../client/rejection.js';
import { knowsPeers } from '../socket/knows-peers.js';
import { openRawClient, rawAnswer, rawMessage } from './raw-client.js';
import { collect, repeat, servePodInfo, signalled, socketFolder, until } from './serve-podinfo.js';

describe('what a handler throws', () => {
  it.each([
    ['an Error', new Error('the password is 1234')],
    ['a string', 'the password is 1234'],
    ['undefined', undefined],
  ])('is UNKNOWN for the caller and reported here: %s', async (_, thrown) => {
    const onHandlerError = vi.fn();
    await using served = await servePodInfo(
      {
        describe: () => {
          throw thrown;
        },
        async *watch() {
          yield {};
          throw thrown;
        },
      },
      { server: { onHandlerError } },
    );
    for (const call of [() => served.podinfo.describe({}), () => collect(served.podinfo.watch({}))]) {
      const error = await rejection(call());
      expect(error).toMatchObject({
        code: Code.UNKNOWN,
        statusMessage: 'the handler failed; the server has the details',
      });
      expect(JSON.stringify([...error.metadata])).not.toContain('1234');
    }
    expect(onHandlerError.mock.calls.map(([error, method]) => [error, method.fullName])).toEqual([
      [thrown, 'podinfo.v1.PodInfo/Describe'],
      [thrown, 'podinfo.v1.PodInfo/Watch'],
    ]);
  });

  it('is printed to standard error by default', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {});
    await using served = await servePodInfo({
      describe: async () => {
        throw new Error('of the handler');
      },
    });
    await rejection(served.podinfo.describe({}));
    expect(print.mock.calls.join()).toMatch(
      /the handler of podinfo\.v1\.PodInfo\/Describe failed: Error: of the handler/,
    );
    print.mockRestore();
  });

  it('says nothing of what an RpcError of its own call had beside code and message', async () => {
    await using downstream = await servePodInfo({
      describe: async () => {
        throw new RpcError(Code.NOT_FOUND, 'no such pod', {
          metadata: { secret: 'token' },
          details: [{ typeUrl: 'x/y', value: new Uint8Array(3) }],
        });
      },
    });
    await using served = await servePodInfo({ describe: (request) => downstream.podinfo.describe(request) });
    const error = await rejection(served.podinfo.describe({}));
    expect(error).toMatchObject({ code: Code.NOT_FOUND, statusMessage: 'no such pod', details: [] });
    expect(error.metadata.has('secret')).toBe(false);
  });

  it('is UNKNOWN when it is an RpcError that says OK', async () => {
    await using served = await servePodInfo({
      describe: async () => {
        throw new RpcError(Code.OK, 'all well');
      },
    });
    expect((await rejection(served.podinfo.describe({}))).code).toBe(Code.UNKNOWN);
  });

  it('reaches the caller although its details cannot be sent', async () => {
    const onHandlerError = vi.fn();
    await using served = await servePodInfo(
      {
        describe: async () => {
          throw new RpcError(Code.ABORTED, 'x', { details: [{ typeUrl: 'a', value: undefined as never }] });
        },
      },
      { server: { onHandlerError } },
    );
    expect((await rejection(served.podinfo.describe({}))).code).toBe(Code.ABORTED);
    expect(onHandlerError).toHaveBeenCalledOnce();
  });

  it('keeps its code when message, metadata and details are larger than the caller takes', async () => {
    const onHandlerError = vi.fn();
    await using served = await servePodInfo(
      {
        describe: async () => {
          const metadata = { key: 'x'.repeat(50_000) };
          throw new RpcError(Code.FAILED_PRECONDITION, 'long '.repeat(20_000), { metadata });
        },
      },
      { server: { onHandlerError } },
    );
    const running = served.podinfo.exchange(repeat(1, () => ({})))[Symbol.asyncIterator]();
    await running.next();
    const error = await rejection(served.podinfo.describe({}));
    expect(error.code).toBe(Code.FAILED_PRECONDITION);
    expect(error.statusMessage).toMatch(/^long long .* the caller takes 16384\)$/);
    expect(String(onHandlerError.mock.calls[0])).toMatch(/metadata and details were not sent/);
    expect(await running.next()).toMatchObject({ done: true });
  });

  it('ends the call while the caller still sends', async () => {
    await using served = await servePodInfo({
      async pushLogs(requests) {
        for await (const _ of requests) throw new RpcError(Code.RESOURCE_EXHAUSTED, 'disk full');
        return {};
      },
    });
    let sent = 0;
    const returned = signalled();
    async function* endless() {
      try {
        for (;;) {
          sent++;
          yield { line: 'x'.repeat(1_000) };
        }
      } finally {
        returned.resolve();
      }
    }
    expect(await rejection(served.podinfo.pushLogs(endless()))).toMatchObject({
      code: Code.RESOURCE_EXHAUSTED,
      statusMessage: 'disk full',
    });
    await returned.promise;
    const before = sent;
    await delay(20);
    expect(sent).toBe(before);
  });
});

describe('what a handler gives', () => {
  it('may come without a promise', async () => {
    await using served = await servePodInfo({ describe: (() => ({ reply: 'at once' })) as never });
    expect((await served.podinfo.describe({})).reply).toBe('at once');
  });

  it('may be a promise that is none of the language: one that throws, or settles twice', async () => {
    const errors: unknown[] = [];
    const broken = new Error('this promise is broken');
    const thenables: object[] = [
      {
        // biome-ignore lint/suspicious/noThenProperty: that is what is tested
        then() {
          throw broken;
        },
      },
      {
        // biome-ignore lint/suspicious/noThenProperty: that is what is tested
        then(resolve: (response: object) => void) {
          resolve({ reply: 'once' });
          resolve({ reply: 'twice' });
        },
      },
      {
        // biome-ignore lint/suspicious/noThenProperty: that is what is tested
        get then() {
          throw broken;
        },
      },
    ];
    await using served = await servePodInfo(
      { describe: ({ text }) => thenables[Number(text)] as never },
      { server: { onHandlerError: (error) => errors.push(error), limits: { maxRunningHandlers: 1 } } },
    );
    // Twice: a handler that still counted as running would have the second call refused.
    for (let count = 0; count < 2; count++) {
      expect((await rejection(served.podinfo.describe({ text: '0' }))).code).toBe(Code.UNKNOWN);
      expect(await served.podinfo.describe({ text: '1' })).toEqual({ reply: 'once' });
      expect((await rejection(served.podinfo.describe({ text: '2' }))).code).toBe(Code.UNKNOWN);
    }
    expect(errors).toEqual(Array(4).fill(broken));
  });

  it('is INTERNAL when it cannot be encoded, and reported', async () => {
    const onHandlerError = vi.fn();
    await using served = await servePodInfo(
      { describe: async () => undefined as never, watch: () => repeat(1, () => ({ sequence: 'x' as never })) },
      { server: { onHandlerError } },
    );
    for (const call of [() => served.podinfo.describe({}), () => collect(served.podinfo.watch({}))]) {
      const { code, statusMessage } = await rejection(call());
      expect(code).toBe(Code.INTERNAL);
      expect(statusMessage).toBe('the response cannot be encoded; the server has the details');
    }
    expect(onHandlerError).toHaveBeenCalledTimes(2);
  });

  it('is reported as missing when the handler gives none', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    try {
      await using served = await servePodInfo({
        describe: async () => undefined as never,
        watch: () => repeat(1, () => null as never),
      });
      expect((await rejection(served.podinfo.describe({}))).code).toBe(Code.INTERNAL);
      expect((await rejection(collect(served.podinfo.watch({})))).code).toBe(Code.INTERNAL);
      const [[returned], [yielded]] = log.mock.calls as [[string], [string]];
      expect(returned).toContain(
        'podwire: the handler of podinfo.v1.PodInfo/Describe failed: TypeError: it returned nothing; return the response message, {} for an empty one',
      );
      expect(yielded).toContain('TypeError: it yielded null; yield response messages, {} for an empty one');
    } finally {
      log.mockRestore();
    }
  });

  it('is UNKNOWN when it is no stream where one is due', async () => {
    const onHandlerError = vi.fn();
    await using served = await servePodInfo({ watch: (async () => ({})) as never }, { server: { onHandlerError } });
    expect((await rejection(collect(served.podinfo.watch({})))).code).toBe(Code.UNKNOWN);
    expect(onHandlerError).toHaveBeenCalledOnce();
  });

  it('is RESOURCE_EXHAUSTED when it is larger than the server may send', async () => {
    await using served = await servePodInfo(
      { describe: async () => ({ reply: 'x'.repeat(2_000) }) },
      { server: { limits: { maxSendMessageLength: 1_000 } } },
    );
    expect(await rejection(served.podinfo.describe({}))).toMatchObject({
      code: Code.RESOURCE_EXHAUSTED,
      statusMessage: 'the response has 2003 bytes, more than the limit of 1000 bytes',
    });
  });

  it('is not called for a request that is too large', async () => {
    const describe = vi.fn();
    await using served = await servePodInfo({ describe }, { server: { limits: { maxReceiveMessageLength: 1_000 } } });
    for (const options of [{}, { compression: 'gzip' } as const]) {
      const error = await rejection(served.podinfo.describe({ text: 'x'.repeat(100_000) }, options));
      expect(error.code).toBe(Code.RESOURCE_EXHAUSTED);
      const streamed = await rejection(
        served.podinfo.pushLogs(
          repeat(2, () => ({ line: 'x'.repeat(2_000) })),
          options,
        ),
      );
      expect(streamed.code).toBe(Code.RESOURCE_EXHAUSTED);
    }
    expect(describe).not.toHaveBeenCalled();
  });
});

describe('the end of a call', () => {
  const untilAborted = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  it('runs the clean-up of a generator: break, signal, deadline, an error of the caller', async () => {
    let cleaned = 0;
    await using served = await servePodInfo({
      async *watch(_, { signal }) {
        try {
          for (let sequence = 1n; ; sequence++) {
            yield { sequence };
            await delay(1, undefined, { signal });
          }
        } finally {
          cleaned++;
        }
      },
    });
    for await (const { sequence } of served.podinfo.watch({})) if (sequence === 3n) break;
    await until(() => cleaned === 1);
    const controller = new AbortController();
    const aborted = (async () => {
      for await (const { sequence } of served.podinfo.watch({}, { signal: controller.signal })) {
        if (sequence === 3n) controller.abort();
      }
    })();
    expect((await rejection(aborted)).code).toBe(Code.CANCELLED);
    await until(() => cleaned === 2);
    expect((await rejection(collect(served.podinfo.watch({}, { timeoutMs: 500 })))).code).toBe(Code.DEADLINE_EXCEEDED);
    await until(() => cleaned === 3);
    await expect(
      (async () => {
        for await (const _ of served.podinfo.watch({})) throw new Error('of the caller');
      })(),
    ).rejects.toThrow('of the caller');
    await until(() => cleaned === 4);
  });

  it('stops an iterator that is no generator, once', async () => {
    const returned = vi.fn(() => 'no promise' as never);
    const waits = signalled();
    await using served = await servePodInfo({
      watch: () => ({
        [Symbol.asyncIterator]: () => ({
          next: () => {
            waits.resolve();
            return new Promise(() => {});
          },
          return: returned,
        }),
      }),
    });
    const controller = new AbortController();
    const call = rejection(collect(served.podinfo.watch({}, { signal: controller.signal })));
    await waits.promise;
    controller.abort();
    await call;
    await until(() => returned.mock.calls.length > 0);
    await served.podinfo.describe({});
    expect(returned).toHaveBeenCalledOnce();
  });

  it('comes to the handler when the connection is lost', async () => {
    const began = signalled();
    const reason = signalled<unknown>();
    using folder = socketFolder();
    await using _ = await servePodInfo(
      {
        async pushLogs(requests, { signal }) {
          signal.addEventListener('abort', () => reason.resolve(signal.reason));
          began.resolve();
          for await (const _ of requests);
          return {};
        },
      },
      { endpoint: folder.path('x.sock') },
    );
    const { session, request } = openRawClient(folder.path('x.sock'));
    const stream = request('/podinfo.v1.PodInfo/PushLogs');
    stream.write(rawMessage(0));
    stream.on('error', () => {});
    await began.promise;
    session.destroy();
    expect(await reason.promise).toMatchObject({ code: Code.CANCELLED });
  });

  it('has no effect on a handler that does not look, which counts until it is done', async () => {
    const block = signalled();
    let running = 0;
    await using served = await servePodInfo(
      {
        async describe() {
          running++;
          await block.promise;
          running--;
          return {};
        },
      },
      { server: { limits: { maxRunningHandlers: 2 } } },
    );
    const { podinfo } = served;
    const controller = new AbortController();
    const cancelled = Array.from({ length: 2 }, () => rejection(podinfo.describe({}, { signal: controller.signal })));
    await until(() => running === 2);
    controller.abort();
    for (const error of await Promise.all(cancelled)) expect(error.code).toBe(Code.CANCELLED);
    expect(running).toBe(2);
    // A call that no handler saw is UNAVAILABLE: it may be made again.
    expect((await rejection(podinfo.describe({}))).code).toBe(Code.UNAVAILABLE);
    expect((await rejection(podinfo.pushLogs(repeat(0, () => ({}))))).code).toBe(Code.UNAVAILABLE);
    expect((await rejection(collect(podinfo.watch({})))).code).toBe(Code.UNAVAILABLE);
    block.resolve();
    await until(() => running === 0);
    expect(await podinfo.pushLogs(repeat(1, () => ({})))).toMatchObject({ acceptedLines: 1n });
  });

  it('counts a generator until its clean-up is done', async () => {
    const cleanUp = signalled();
    await using served = await servePodInfo(
      {
        async *watch() {
          try {
            for (;;) yield {};
          } finally {
            await cleanUp.promise;
          }
        },
      },
      { server: { limits: { maxRunningHandlers: 1 } } },
    );
    for await (const _ of served.podinfo.watch({})) break;
    expect((await rejection(served.podinfo.describe({}))).code).toBe(Code.UNAVAILABLE);
    cleanUp.resolve();
    await until(async () => {
      return served.podinfo.describe({}).then(
        () => true,
        () => false,
      );
    });
  });

  it('shows in a signal that is asked for late, and not at all after a good end', async () => {
    const contexts: ServerContext[] = [];
    await using served = await servePodInfo({
      async describe({ text }, context) {
        contexts.push(context);
        if (text === 'hang') await new Promise(() => {});
        return {};
      },
    });
    await served.podinfo.describe({});
    const controller = new AbortController();
    const hanging = rejection(served.podinfo.describe({ text: 'hang' }, { signal: controller.signal }));
    await until(() => contexts.length === 2);
    controller.abort();
    await hanging;
    await until(() => contexts[1]!.signal.aborted);
    expect(contexts[0]!.signal.aborted).toBe(false);
    expect(contexts[1]!.signal.aborted).toBe(true);
  });

  it('ends requests that the handler left unread', async () => {
    const second = signalled<IteratorResult<unknown>>();
    await using served = await servePodInfo({
      async pushLogs(requests) {
        const iterator = requests[Symbol.asyncIterator]();
        await iterator.next();
        void iterator.next().then(second.resolve);
        return {};
      },
    });
    const block = signalled();
    async function* requests() {
      yield {};
      await block.promise;
    }
    await served.podinfo.pushLogs(requests());
    expect(await second.promise).toEqual({ value: undefined, done: true });
    block.resolve();
  });

  it('waits for no handler that the caller cancelled', async () => {
    await using served = await servePodInfo({ describe: (_, { signal }) => untilAborted(signal) });
    const onError = vi.fn();
    process.on('unhandledRejection', onError);
    const controller = new AbortController();
    const call = rejection(served.podinfo.describe({}, { signal: controller.signal }));
    await delay(10);
    controller.abort();
    await call;
    await delay(10);
    process.off('unhandledRejection', onError);
    expect(onError).not.toHaveBeenCalled();
  });
});

describe('the context', () => {
  it('knows peer, method and metadata', async () => {
    let seen: ServerContext | undefined;
    await using served = await servePodInfo({
      async describe(_, context) {
        seen = context;
        return {};
      },
    });
    await served.podinfo.describe({});
    const own = { uid: process.geteuid?.(), gid: process.getegid?.(), pid: process.pid };
    expect(seen?.peer).toMatchObject(knowsPeers ? own : { groups: [], endpoint: served.endpoint });
    expect(seen?.peer.uid).toBe(knowsPeers ? own.uid : undefined);
    expect(seen?.method).toMatchObject({ key: 'describe', fullName: 'podinfo.v1.PodInfo/Describe' });
    expect(seen?.deadline).toBeUndefined();
  });

  it('chooses compression before the header, not after it', async () => {
    await using served = await servePodInfo({
      async describe(_, context) {
        context.sendHeader();
        expect(() => {
          context.compression = 'gzip';
        }).toThrow(/before the header/);
        return { reply: context.compression };
      },
    });
    expect((await served.podinfo.describe({})).reply).toBe('identity');
  });

  it.each(['gzip', undefined])('sends single messages of a compressed call as they are: %s', async (accepted) => {
    using folder = socketFolder();
    await using served = await servePodInfo(
      {
        async *watch(_, context) {
          for (const compression of ['gzip', 'identity', 'gzip'] as const) {
            context.compression = compression;
            yield {};
          }
        },
      },
      { endpoint: folder.path('watch.sock') },
    );
    const client = openRawClient(served.endpoint);
    const headers = accepted === undefined ? {} : { 'grpc-accept-encoding': accepted };
    const { body } = await rawAnswer(client.request('/podinfo.v1.PodInfo/Watch', headers).end(rawMessage(0)));
    const flags: boolean[] = [];
    new MessageAssembler(1_000).push(body, (_message, compressed) => flags.push(compressed));
    expect(flags).toEqual(accepted === undefined ? [false, false, false] : [true, false, true]);
    client.session.destroy();
  });

  it('refuses a header that the caller would not take', async () => {
    await using served = await servePodInfo({
      async describe(_, { header }) {
        header.set('key', 'x'.repeat(50_000));
        return {};
      },
    });
    const error = await rejection(served.podinfo.describe({}));
    expect(error.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect(error.statusMessage).toMatch(
      /the response header with its metadata has 50\d\d\d bytes; the caller takes 16384/,
    );
  });

  it('keeps AsyncLocalStorage through a handler', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    await using served = await servePodInfo({
      describe: ({ text }) =>
        storage.run(text, async () => {
          await delay(1);
          seen.push(storage.getStore());
          return {};
        }),
      async *watch() {
        seen.push(storage.getStore());
        yield {};
      },
    });
    await storage.run('of the caller', async () => {
      await Promise.all(['a', 'b', 'c'].map((text) => served.podinfo.describe({ text })));
      await collect(served.podinfo.watch({}));
    });
    expect(seen.sort()).toEqual(['a', 'b', 'c', undefined]);
  });
});

describe('pace', () => {
  it('stops a producer whose caller does not read', async () => {
    let produced = 0;
    await using served = await servePodInfo({
      async *exchange() {
        for (;;) {
          produced++;
          yield { outcome: { $case: 'output', value: 'x'.repeat(10_000) } };
        }
      },
    });
    const stream = served.podinfo.exchange(repeat(0, () => ({})))[Symbol.asyncIterator]();
    await stream.next();
    let before = -1;
    while (before !== produced) {
      before = produced;
      await delay(50);
    }
    // The stream window is 128 KiB; what else there is lies in no more than one message per side.
    expect(produced).toBeLessThan(30);
    for (let count = 0; count < 100; count++) await stream.next();
    expect(produced).toBeGreaterThan(90);
    await stream.return?.();
  });

  it('stops a caller whose handler does not read', async () => {
    const go = signalled();
    await using served = await servePodInfo({
      async pushLogs(requests) {
        await go.promise;
        let acceptedLines = 0n;
        for await (const _ of requests) acceptedLines++;
        return { acceptedLines };
      },
    });
    let produced = 0;
    const call = served.podinfo.pushLogs(
      repeat(1_000, () => {
        produced++;
        return { line: 'x'.repeat(10_000) };
      }),
    );
    let before = -1;
    while (before !== produced) {
      before = produced;
      await delay(50);
    }
    expect(produced).toBeLessThan(30);
    go.resolve();
    expect((await call).acceptedLines).toBe(1_000n);
  });

  it('is that of each call alone: streams that nobody reads hold up no other call of their connection', async () => {
    const go = signalled();
    await using served = await servePodInfo({
      async *watch() {
        for (;;) yield { sequence: 2n ** 63n };
      },
      async pushLogs(requests) {
        await go.promise;
        let acceptedLines = 0n;
        for await (const _ of requests) acceptedLines++;
        return { acceptedLines };
      },
    });
    // Together more than the window of the connection, in both directions.
    const unread = Array.from({ length: 100 }, () => served.podinfo.watch({})[Symbol.asyncIterator]());
    await Promise.all(unread.map((stream) => stream.next()));
    const waiting = Array.from({ length: 100 }, () =>
      served.podinfo.pushLogs(repeat(30, () => ({ line: 'x'.repeat(10_000) }))),
    );
    for (let size = 0; size < 20; size++) {
      const text = 'x'.repeat(size * 10_000);
      expect((await served.podinfo.describe({ text }, { timeoutMs: 10_000 })).reply).toContain(text);
    }
    expect(served.server.connectionCount).toBe(1);
    go.resolve();
    for (const call of waiting) expect((await call).acceptedLines).toBe(30n);
    for (const stream of unread) await stream.return?.();
  });

  it('lets an endless producer starve neither timers nor other calls', async () => {
    await using served = await servePodInfo({
      async *watch() {
        for (;;) yield {};
      },
    });
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 1);
    let messages = 0;
    for await (const _ of served.podinfo.watch({})) {
      if (++messages % 10_000 === 0) await served.podinfo.describe({});
      if (ticks >= 20) break;
    }
    clearInterval(ticking);
    expect(messages).toBeGreaterThan(20);
  });
});

describe('an answer that the caller does not let in', () => {
  it('is dropped at the deadline, also when the handler is done', async () => {
    using folder = socketFolder();
    await using _served = await servePodInfo(
      { describe: async () => ({ reply: 'x'.repeat(1_000_000) }) },
      { endpoint: folder.path('x.sock') },
    );
    const client = openRawClient(folder.path('x.sock'));
    const stream = client.request('/podinfo.v1.PodInfo/Describe', { 'grpc-timeout': '100m' });
    // The window stays shut: nothing reads.
    stream.pause();
    stream.end(rawMessage(0));
    stream.on('error', () => {});
    await new Promise((resolve) => stream.once('close', resolve));
    expect(stream.rstCode).toBe(ErrorCode.CANCEL);
    client.session.destroy();
  });
});

describe('answers that a caller does not let in', () => {
  const answer = { reply: 'x'.repeat(1024 * 1024) };
  const octets = 5 + 4 + answer.reply.length;

  it('wait as messages and not as octets from a limit on, and then their handlers count as running', async () => {
    let begun = 0;
    using folder = socketFolder();
    await using _served = await servePodInfo(
      {
        describe: async () => {
          begun++;
          return answer;
        },
      },
      {
        endpoint: folder.path('x.sock'),
        server: { limits: { maxBufferedPerConnection: 4 * 1024 * 1024, maxRunningHandlers: 10 } },
      },
    );
    const client = openRawClient(folder.path('x.sock'));
    const ask = (count: number) =>
      Array.from({ length: count }, () => {
        const stream = client.request('/podinfo.v1.PodInfo/Describe').on('error', () => {});
        return stream.end(rawMessage(0));
      });
    const first = ask(10);
    await until(() => begun === 10);
    // Nothing is read: four answers wait encoded, six as what their handlers gave. So four of these have a place.
    const second = ask(20);
    await until(() => second.filter((stream) => stream.closed).length === 16);
    expect(second.filter((stream) => stream.rstCode === ErrorCode.REFUSED_STREAM).length).toBe(16);
    expect(begun).toBe(14);
    const accepted = [...first, ...second].filter((stream) => !stream.closed);
    const answers = await Promise.all(accepted.map(rawAnswer));
    expect(answers.map(({ body, trailers }) => [body.length, trailers['grpc-status']])).toEqual(
      Array.from({ length: 14 }, () => [octets, '0']),
    );
    client.session.destroy();
  });

  it.each([
    ['when several wait', 40, 300_000],
    ['when it is larger than what may wait', 2, 4_000_000],
  ])('are encoded once to know how long they are, and once to be sent: %s', async (_, count, length) => {
    const reply = 'x'.repeat(length);
    let begun = 0;
    let encoded = 0;
    const answer = {
      get reply() {
        encoded++;
        return reply;
      },
    };
    using folder = socketFolder();
    await using _served = await servePodInfo(
      {
        describe: async () => {
          begun++;
          return answer;
        },
      },
      { endpoint: folder.path('x.sock'), server: { limits: { maxBufferedPerConnection: 1_000_000 } } },
    );
    const client = openRawClient(folder.path('x.sock'));
    const streams = Array.from({ length: count }, () =>
      client.request('/podinfo.v1.PodInfo/Describe').end(rawMessage(0)),
    );
    await until(() => begun === count);
    const answers = await Promise.all(streams.map(rawAnswer));
    expect(answers.map(({ trailers }) => trailers['grpc-status'])).toEqual(answers.map(() => '0'));
    expect(encoded).toBeLessThanOrEqual(2 * count);
    client.session.destroy();
  });

  it('wait in a stream of answers, too', async () => {
    using folder = socketFolder();
    await using served = await servePodInfo(
      { exchange: () => repeat(3, () => ({ outcome: { $case: 'output' as const, value: 'x'.repeat(300_000) } })) },
      { endpoint: folder.path('x.sock'), server: { limits: { maxBufferedPerConnection: 400_000 } } },
    );
    const calls = Array.from({ length: 8 }, () => collect(served.podinfo.exchange([])));
    expect((await Promise.all(calls)).map((messages) => messages.length)).toEqual(Array.from({ length: 8 }, () => 3));
  });
});

it('serves a thousand requests of 64 KiB at a time with the limits that it has by default', async () => {
  await using served = await servePodInfo({ describe: async ({ text }) => ({ reply: `${text.length}` }) });
  const text = 'x'.repeat(64 * 1024);
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => served.podinfo.describe({ text })));
  expect(new Set(answers.map(({ reply }) => reply))).toEqual(new Set([`${text.length}`]));
});
