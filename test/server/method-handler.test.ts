import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { createChannel } from '../../src/client/channel.js';
import { createClient } from '../../src/client/client.js';
import { Code } from '../../src/rpc/code.js';
import { RpcError } from '../../src/rpc/rpc-error.js';
import { createServer } from '../../src/server/server.js';
import type { ServerInterceptor } from '../../src/server/server-interceptor.js';
import { rejection } from '../client/rejection.js';
import { knowsPeers } from '../socket/knows-peers.js';
import { abstractName, allowOwn, collect, plainPodInfo, repeat, servePodInfo, until } from './serve-podinfo.js';

/** Writes down when it is composed, entered and left. */
function noting(name: string, notes: string[]): ServerInterceptor {
  return (next) => {
    notes.push(`compose ${name}`);
    return async (request) => {
      notes.push(`${name} > ${request.method.key}`);
      const response = await next(request);
      notes.push(`${name} < ${request.method.key}`);
      return response;
    };
  };
}

describe('an implementation', () => {
  it('may be an instance of a class, private state and inherited methods included', async () => {
    class Base {
      readonly #greeting = 'of a class';
      async describe() {
        return { reply: this.#greeting };
      }
      async *watch() {
        yield { sequence: BigInt(this.#greeting.length) };
      }
    }
    class Derived extends Base {
      readonly #lines = 7n;
      async pushLogs() {
        return { acceptedLines: this.#lines };
      }
      async *exchange() {
        yield { id: this.#lines };
      }
    }
    const server = createServer({ interceptors: [(next) => (request) => next(request)] });
    server.add(PodInfoDefinition, new Derived());
    const name = abstractName();
    await server.listen(name, allowOwn(name));
    const channel = createChannel(name);
    const podinfo = createClient(PodInfoDefinition, channel);
    expect((await podinfo.describe({})).reply).toBe('of a class');
    expect(await collect(podinfo.watch({}))).toMatchObject([{ sequence: 10n }]);
    expect((await podinfo.pushLogs(repeat(0, () => ({})))).acceptedLines).toBe(7n);
    expect(await collect(podinfo.exchange(repeat(0, () => ({}))))).toMatchObject([{ id: 7n }]);
    await channel.close();
    await server.shutdown();
  });

  it('must have a function for every method', () => {
    const { describe: _, ...rest } = plainPodInfo;
    expect(() => createServer().add(PodInfoDefinition, { ...rest, watch: 5 } as never)).toThrow(
      /the implementation of podinfo\.v1\.PodInfo .*describe, watch.*addPartial/,
    );
  });

  it('may be partial when that is said: the other methods answer UNIMPLEMENTED, whatever their kind', async () => {
    const { describe } = plainPodInfo;
    const calls: string[] = [];
    const counting: ServerInterceptor = (next) => (request) => {
      calls.push(request.method.key);
      return next(request);
    };
    const server = createServer().addPartial(PodInfoDefinition, { describe }, { interceptors: [counting] });
    const name = abstractName();
    await server.listen(name, allowOwn(name));
    const channel = createChannel(name);
    const podinfo = createClient(PodInfoDefinition, channel);
    expect((await podinfo.describe({ text: 'Yes.' })).reply).toContain('Yes.');
    const errors = [
      await rejection(collect(podinfo.watch({}))),
      await rejection(podinfo.pushLogs(repeat(1, () => ({})))),
      await rejection(collect(podinfo.exchange(repeat(1, () => ({}))))),
    ];
    for (const error of errors) {
      expect(error.code).toBe(Code.UNIMPLEMENTED);
      expect(error.statusMessage).toMatch(/^this server does not implement podinfo\.v1\.PodInfo\/\w+$/);
    }
    expect(calls).toEqual(['describe', 'watch', 'pushLogs', 'exchange']);
    await channel.close();
    await server.shutdown();
  });
});

describe('handlers of no method', () => {
  const describe = async () => ({});

  it('are refused among those that were written down', () => {
    expect(() => createServer().addPartial(PodInfoDefinition, { descrybe: describe } as never)).toThrow(
      new TypeError('podinfo.v1.PodInfo has no method "descrybe"; write describe'),
    );
    expect(() => createServer().addPartial(PodInfoDefinition, { describe, remove: describe } as never)).toThrow(
      'podinfo.v1.PodInfo has no method "remove"; its methods are describe, watch, pushLogs, exchange',
    );
  });

  it('are an object’s own business when it is of a class', () => {
    class Service {
      describe = describe;
      format = () => '';
    }
    expect(() => createServer().addPartial(PodInfoDefinition, new Service() as never)).not.toThrow();
  });
});

describe('interceptors of a server', () => {
  it('wrap each other in order, composed once for each method; those of a service are inside', async () => {
    const notes: string[] = [];
    await using served = await servePodInfo(
      {
        async describe() {
          notes.push('handler');
          return {};
        },
      },
      {
        server: { interceptors: [noting('first', notes), noting('second', notes)] },
        interceptors: [noting('service', notes)],
      },
    );
    expect(notes.splice(0).sort()).toEqual(
      ['first', 'second', 'service'].flatMap((name) => Array(4).fill(`compose ${name}`)),
    );
    const once = [
      ...['first > describe', 'second > describe', 'service > describe', 'handler'],
      ...['service < describe', 'second < describe', 'first < describe'],
    ];
    await served.podinfo.describe({});
    await served.podinfo.describe({});
    expect(notes).toEqual([...once, ...once]);
  });

  it('change message, metadata and answer, and see the context', async () => {
    const seen: unknown[] = [];
    const interceptor: ServerInterceptor = (next) => async (request) => {
      const { context, method } = request;
      seen.push(method.fullName, context.metadata.get('who'), context.peer.uid, context.deadline !== undefined);
      context.header.set('from', 'interceptor');
      const { text } = request.message as { text: string };
      const response = await next({ ...request, message: { text: `${text}!` } });
      return { ...response, message: { reply: `${(response.message as { reply: string }).reply}?` } };
    };
    await using served = await servePodInfo({}, { server: { interceptors: [interceptor] } });
    let from: string | undefined;
    const { reply } = await served.podinfo.describe(
      { text: 'a' },
      { metadata: { who: 'me' }, timeoutMs: 60_000, onHeader: (header) => (from = header.get('from')) },
    );
    expect(reply).toBe('a! And a reply from the server.?');
    expect(from).toBe('interceptor');
    expect(seen).toEqual(['podinfo.v1.PodInfo/Describe', 'me', knowsPeers ? process.geteuid?.() : undefined, true]);
  });

  it('answer without the handler, and refuse', async () => {
    const handler = vi.fn();
    const onHandlerError = vi.fn();
    const guarding: ServerInterceptor = (next) => async (request) => {
      const { metadata } = request.context;
      if (metadata.get('token') === undefined) throw new RpcError(Code.UNAUTHENTICATED, 'no token');
      if (metadata.get('token') === 'broken') throw new Error('of the interceptor');
      if (metadata.get('token') === 'cached') {
        return { message: request.method.responseStream ? repeat(2, () => ({})) : { reply: 'cached' } };
      }
      return next(request);
    };
    await using served = await servePodInfo(
      { describe: handler },
      { server: { interceptors: [guarding], onHandlerError } },
    );
    const { podinfo } = served;
    const broken = { metadata: { token: 'broken' } };
    const cached = { metadata: { token: 'cached' } };
    for (const call of [() => podinfo.describe({}), () => collect(podinfo.watch({}))]) {
      expect((await rejection(call())).code).toBe(Code.UNAUTHENTICATED);
    }
    expect((await rejection(podinfo.describe({}, broken))).code).toBe(Code.UNKNOWN);
    expect((await rejection(collect(podinfo.watch({}, broken)))).code).toBe(Code.UNKNOWN);
    expect(onHandlerError).toHaveBeenCalledTimes(2);
    expect((await podinfo.describe({}, cached)).reply).toBe('cached');
    expect(await collect(podinfo.watch({}, cached))).toHaveLength(2);
    expect(handler).not.toHaveBeenCalled();
  });

  it('change streams in both directions and see how they end', async () => {
    const ends: unknown[] = [];
    async function* doubled(messages: AsyncIterable<object>) {
      try {
        for await (const message of messages) {
          yield message;
          yield message;
        }
        ends.push('well');
      } catch (error) {
        ends.push((error as RpcError).code);
        throw error;
      }
    }
    const doubling: ServerInterceptor = (next) => async (request) => {
      const message = request.method.requestStream ? doubled(request.message as never) : request.message;
      const response = await next({ ...request, message });
      return request.method.responseStream ? { message: doubled(response.message as never) } : response;
    };
    await using served = await servePodInfo(
      {
        async *watch() {
          yield {};
          throw new RpcError(Code.DATA_LOSS, '');
        },
      },
      { server: { interceptors: [doubling] } },
    );
    expect(await collect(served.podinfo.exchange(repeat(2, () => ({}))))).toHaveLength(8);
    expect((await served.podinfo.pushLogs(repeat(3, () => ({})))).acceptedLines).toBe(6n);
    expect((await rejection(collect(served.podinfo.watch({})))).code).toBe(Code.DATA_LOSS);
    expect(ends).toEqual(['well', 'well', 'well', Code.DATA_LOSS]);
  });

  it('give their AsyncLocalStorage to handlers of every kind, also where a generator goes on', async () => {
    const storage = new AsyncLocalStorage<string>();
    const scoped: ServerInterceptor = (next) => (request) =>
      storage.run(request.context.metadata.get('id') ?? '', () => next(request));
    const seen: unknown[] = [];
    const note = async (): Promise<void> => {
      seen.push(storage.getStore());
      await delay(1);
      seen.push(storage.getStore());
    };
    await using served = await servePodInfo(
      {
        async describe() {
          await note();
          return {};
        },
        async *watch() {
          await note();
          yield {};
          await note();
          yield {};
        },
        async pushLogs(requests) {
          for await (const _ of requests) await note();
          return {};
        },
        async *exchange(requests) {
          try {
            for await (const _ of requests) {
              await note();
              yield {};
            }
          } finally {
            await note();
          }
        },
      },
      { server: { interceptors: [scoped, (next) => (request) => next(request)] } },
    );
    const options = { metadata: { id: 'x' } };
    await served.podinfo.describe({}, options);
    await collect(served.podinfo.watch({}, options));
    await served.podinfo.pushLogs(
      repeat(2, () => ({})),
      options,
    );
    for await (const _ of served.podinfo.exchange(
      repeat(2, () => ({})),
      options,
    ))
      break;
    await until(() => seen.length >= 2 + 4 + 4 + 4);
    expect(new Set(seen)).toEqual(new Set(['x']));
  });

  it('let the generator of a handler clean up', async () => {
    let cleaned = 0;
    await using served = await servePodInfo(
      {
        async *watch() {
          try {
            for (;;) yield {};
          } finally {
            cleaned++;
          }
        },
      },
      { server: { interceptors: [(next) => (request) => next(request)] } },
    );
    for await (const _ of served.podinfo.watch({})) break;
    await until(() => cleaned === 1);
  });
});
