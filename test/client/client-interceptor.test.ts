import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { createClient } from '../../src/client/client.js';
import type { ClientInterceptor } from '../../src/client/client-interceptor.js';
import { Code } from '../../src/rpc/code.js';
import { Metadata } from '../../src/rpc/metadata.js';
import { RpcError } from '../../src/rpc/rpc-error.js';
import { collect, repeat, servePodInfo, until } from '../server/serve-podinfo.js';
import { rejection } from './rejection.js';

/** Writes down when it is composed, entered and left. */
function noting(name: string, notes: string[]): ClientInterceptor {
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

describe('interceptors of a client', () => {
  it('wrap each other in order, composed once for each method', async () => {
    const notes: string[] = [];
    await using served = await servePodInfo(
      {},
      { channel: { interceptors: [noting('channel', notes), noting('second', notes)] } },
    );
    const podinfo = createClient(PodInfoDefinition, served.channel, { interceptors: [noting('client', notes)] });
    const composed = notes.splice(0);
    expect(composed.filter((note) => note === 'compose client')).toHaveLength(4);
    // The channel's were composed for two clients.
    expect(composed.filter((note) => note === 'compose channel')).toHaveLength(8);
    await podinfo.describe({});
    await podinfo.describe({});
    const once = ['channel > describe', 'second > describe', 'client > describe'];
    const back = ['client < describe', 'second < describe', 'channel < describe'];
    expect(notes.splice(0)).toEqual([...once, ...back, ...once, ...back]);
    await served.podinfo.describe({});
    expect(notes.some((note) => note.startsWith('client'))).toBe(false);
  });

  it('change message, metadata and options, and see header and trailer', async () => {
    let seen: Record<string, unknown> = {};
    const interceptor: ClientInterceptor = (next) => async (request) => {
      const metadata = new Metadata(request.options.metadata).append('added', 'yes');
      const message = { text: `${(request.message as { text: string }).text} and more.` };
      const options = { ...request.options, metadata, timeoutMs: 60_000 };
      const response = await next({ ...request, message, options });
      seen = { header: [...response.header], trailer: [...response.trailer] };
      return { ...response, message: { reply: (response.message as { reply: string }).reply.toUpperCase() } };
    };
    await using served = await servePodInfo({
      async describe({ text }, { metadata, header, trailer, deadline }) {
        header.set('h', '1');
        trailer.set('t-bin', new Uint8Array([2]));
        return { reply: `${text} ${metadata.get('own')} ${metadata.get('added')} ${deadline !== undefined}` };
      },
    });
    const podinfo = createClient(PodInfoDefinition, served.channel, { interceptors: [interceptor] });
    const headers: unknown[] = [];
    const { reply } = await podinfo.describe(
      { text: 'a' },
      { metadata: { own: 'mine' }, onHeader: (header) => headers.push([...header]) },
    );
    expect(reply).toBe('A AND MORE. MINE YES TRUE');
    expect(seen).toEqual({ header: [['h', ['1']]], trailer: [['t-bin', [new Uint8Array([2])]]] });
    expect(headers).toEqual([[['h', ['1']]]]);
  });

  it('answer without the server, and throw', async () => {
    let served = 0;
    const answering: ClientInterceptor = () => async (request) => {
      if (request.method.responseStream)
        return { message: repeat(2, () => ({})), header: new Metadata(), trailer: new Metadata() };
      throw new RpcError(Code.FAILED_PRECONDITION, 'not today');
    };
    await using used = await servePodInfo(
      {
        describe: async () => {
          served++;
          return {};
        },
      },
      { channel: { interceptors: [answering] } },
    );
    expect((await rejection(used.podinfo.describe({}))).code).toBe(Code.FAILED_PRECONDITION);
    expect(await collect(used.podinfo.watch({}))).toHaveLength(2);
    expect(served).toBe(0);
  });

  it('see errors, and may try again', async () => {
    let attempts = 0;
    const retrying: ClientInterceptor = (next) => async (request) => {
      for (;;) {
        try {
          return await next(request);
        } catch (error) {
          if (!(error instanceof RpcError) || error.code !== Code.ABORTED) throw error;
        }
      }
    };
    await using served = await servePodInfo(
      {
        async describe() {
          if (++attempts < 3) throw new RpcError(Code.ABORTED, 'again');
          return { reply: `${attempts}` };
        },
      },
      { channel: { interceptors: [retrying] } },
    );
    expect((await served.podinfo.describe({})).reply).toBe('3');
  });

  it('leave a timeout of Infinity what it is: none', async () => {
    const through: ClientInterceptor = (next) => next;
    await using served = await servePodInfo({}, { channel: { interceptors: [through] } });
    expect((await served.podinfo.describe({ text: 'Yes.' }, { timeoutMs: Number.POSITIVE_INFINITY })).reply).toContain(
      'Yes.',
    );
  });

  it('do not keep return from cancelling a stream that waits', async () => {
    const through: ClientInterceptor = (next) => (request) => next(request);
    let aborted: (() => void) | undefined;
    const cancelled = new Promise<void>((resolve) => {
      aborted = resolve;
    });
    await using served = await servePodInfo(
      {
        async *watch(_, { signal }) {
          yield { sequence: 1n };
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          aborted?.();
        },
      },
      { channel: { interceptors: [through] } },
    );
    const samples = served.podinfo.watch({})[Symbol.asyncIterator]();
    await samples.next();
    const pending = samples.next();
    await samples.return?.();
    expect((await pending).done).toBe(true);
    await cancelled;
  });

  it('see a timeout as the moment that it means, so that another attempt has what is left of it', async () => {
    const deadlines: unknown[] = [];
    const twice: ClientInterceptor = (next) => async (request) => {
      deadlines.push(request.options.timeoutMs, request.options.deadline);
      await next(request);
      return next(request);
    };
    const seen: (Date | undefined)[] = [];
    await using served = await servePodInfo(
      {
        async describe(_, { deadline }) {
          seen.push(deadline);
          return {};
        },
      },
      { channel: { interceptors: [twice] } },
    );
    const latest = Date.now() + 60_000;
    await served.podinfo.describe({}, { timeoutMs: 60_000, deadline: latest + 60_000 });
    expect(deadlines).toEqual([undefined, expect.any(Date)]);
    expect(Number(deadlines[1]) - latest).toBeLessThan(1_000);
    expect(seen).toHaveLength(2);
    // Both attempts end at one moment; a server measures from the arrival of each.
    for (const deadline of seen) expect(Math.abs(Number(deadline) - Number(deadlines[1]))).toBeLessThan(1_000);
  });

  it('change streams in both directions', async () => {
    async function* doubled(messages: AsyncIterable<{ id: bigint }>) {
      for await (const message of messages) {
        yield message;
        yield message;
      }
    }
    const doubling: ClientInterceptor = (next) => async (request) => {
      const message = request.method.requestStream ? doubled(request.message as never) : request.message;
      const response = await next({ ...request, message });
      return {
        ...response,
        message: request.method.responseStream ? doubled(response.message as never) : response.message,
      };
    };
    await using served = await servePodInfo({}, { channel: { interceptors: [doubling] } });
    const ids = await collect(served.podinfo.exchange(repeat(2, (index) => ({ id: BigInt(index) }))));
    expect(ids.map(({ id }) => Number(id))).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    expect((await served.podinfo.pushLogs(repeat(3, () => ({})))).acceptedLines).toBe(6n);
  });

  it('let break cancel the call, and begin none before the first message is asked for', async () => {
    let began = 0;
    let cleaned = 0;
    const notes: string[] = [];
    await using served = await servePodInfo(
      {
        async *watch() {
          began++;
          try {
            for (;;) yield {};
          } finally {
            cleaned++;
          }
        },
      },
      { channel: { interceptors: [noting('x', notes)] } },
    );
    notes.splice(0);
    const stream = served.podinfo.watch({});
    await served.podinfo.describe({});
    expect([began, notes.includes('x > watch')]).toEqual([0, false]);
    for await (const _ of stream) break;
    await until(() => cleaned === 1);
  });

  it('keep the stack of the caller and AsyncLocalStorage', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const interceptor: ClientInterceptor = (next) => async (request) => {
      seen.push(storage.getStore());
      const response = await next(request);
      seen.push(storage.getStore());
      return response;
    };
    await using served = await servePodInfo(
      {
        describe: async () => {
          throw new RpcError(Code.NOT_FOUND, 'x');
        },
      },
      { channel: { interceptors: [interceptor, (next) => (request) => next(request)] } },
    );
    async function whoCalls() {
      await served.podinfo.describe({});
    }
    expect((await rejection(whoCalls())).stack).toContain('whoCalls');
    await storage.run('a', async () => {
      await served.podinfo.pushLogs(repeat(1, () => ({})));
      expect(storage.getStore()).toBe('a');
    });
    expect(seen).toEqual([undefined, 'a', 'a']);
  });
});
