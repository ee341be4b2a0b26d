import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as nice from 'nice-grpc';
import { ClientError, type ClientMiddleware, Metadata as createNiceMetadata, Status } from 'nice-grpc-common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DeepPartial, PodInfoDefinition, type PushLogsRequest } from '../../gen/podinfo/v1/podinfo.js';
import {
  type CallOptions,
  type Channel,
  type ClientInterceptor,
  Code,
  createChannel,
  createClient,
  createServer,
  Metadata,
  RpcError,
  type Server,
} from '../../src/index.js';
import { fromClientMiddleware } from '../../src/nice-grpc/index.js';

const folder = mkdtempSync(join(tmpdir(), 'podwire-nice-grpc-'));
let server: Server;
let address: string;
let describeCalls = 0;

beforeAll(async () => {
  server = createServer().add(PodInfoDefinition, {
    async describe({ text }, { metadata, header, trailer, signal }) {
      describeCalls++;
      header.set('token-was', metadata.getAll('token').join('|'));
      trailer.set('calls', `${describeCalls}`);
      if (text === 'flaky' && describeCalls < 3) throw new RpcError(Code.UNAVAILABLE, 'not yet');
      if (text === 'fail') throw new RpcError(Code.ABORTED, 'in the way');
      if (text === 'hang') {
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve());
        });
      }
      return { reply: `${text}!` };
    },
    async *watch({ sampleLimit }, { header, trailer }) {
      header.set('kind', 'watch');
      trailer.set('count', `${sampleLimit}`);
      for (let sequence = 1n; sequence <= sampleLimit; sequence++) yield { sequence };
    },
    async pushLogs(lines) {
      let acceptedLines = 0n;
      for await (const { line } of lines) {
        if (line === 'fail') throw new RpcError(Code.INVALID_ARGUMENT, 'bad line');
        acceptedLines++;
      }
      return { acceptedLines };
    },
    async *exchange(commands) {
      for await (const { id, command } of commands) yield { id, outcome: { $case: 'output', value: command } };
    },
  });
  ({ address } = await server.listen(join(folder, 'podinfo.sock')));
});

afterAll(async () => {
  await server.shutdown({ graceMs: 0 });
  rmSync(folder, { recursive: true });
});

const channels: { close(): unknown }[] = [];
beforeEach(() => {
  describeCalls = 0;
});
afterEach(async () => {
  for (const channel of channels.splice(0)) await channel.close();
});

function connect(...interceptors: ClientInterceptor[]) {
  const channel: Channel = createChannel(address, { interceptors });
  channels.push(channel);
  return createClient(PodInfoDefinition, channel);
}

/** The same middleware where it comes from, over @grpc/grpc-js. */
function connectNice(middleware: ClientMiddleware) {
  const channel = nice.createChannel(address);
  channels.push(channel);
  return nice.createClientFactory().use(middleware).create(PodInfoDefinition, channel);
}

async function* each<Item>(...items: Item[]): AsyncGenerator<Item> {
  yield* items;
}

function line(text: string): DeepPartial<PushLogsRequest> {
  return { line: text };
}

/** Writes down the course of every call, messages in both directions included. */
function logging(log: string[]): ClientMiddleware {
  return async function* (call, options) {
    const { path, requestStream, responseStream } = call.method;
    log.push(`${path} ${requestStream} ${responseStream}`);
    async function* sent<Request>(requests: AsyncIterable<Request>): AsyncIterable<Request> {
      for await (const request of requests) {
        log.push(`> ${JSON.stringify(request, plain)}`);
        yield request;
      }
    }
    try {
      const request = call.requestStream ? sent(call.request) : call.request;
      if (!call.requestStream) log.push(`> ${JSON.stringify(call.request, plain)}`);
      if (!call.responseStream) {
        const response = yield* call.next(request, options);
        log.push(`< ${JSON.stringify(response, plain)}`);
        return response;
      }
      for await (const response of call.next(request, options)) {
        log.push(`< ${JSON.stringify(response, plain)}`);
        yield response;
      }
      log.push('end');
    } catch (error) {
      if (error instanceof ClientError) log.push(`${error.path} ${Status[error.code]} ${error.details}`, error.message);
      else log.push(`${(error as Error).name}`);
      throw error;
    } finally {
      log.push('finally');
    }
  };
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value;
}

/** In the manner of nice-grpc-client-middleware-deadline: a timer, and an option that only the middleware knows. */
const deadline: ClientMiddleware<{ giveUpAfterMs?: number }> = async function* (call, options) {
  const { giveUpAfterMs, signal, ...rest } = options;
  if (giveUpAfterMs === undefined) return yield* call.next(call.request, options);
  const abort = new AbortController();
  signal?.addEventListener('abort', () => abort.abort());
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    abort.abort();
  }, giveUpAfterMs);
  try {
    return yield* call.next(call.request, { ...rest, signal: abort.signal });
  } catch (error) {
    if (late && (error as Error).name === 'AbortError') {
      throw new ClientError(call.method.path, Status.DEADLINE_EXCEEDED, 'given up');
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
};

/** In the manner of nice-grpc-client-middleware-retry. */
const retries: ClientMiddleware = async function* (call, options) {
  if (call.requestStream || call.responseStream) return yield* call.next(call.request as never, options);
  for (let attempt = 1; ; attempt++) {
    try {
      return yield* call.next(call.request, options);
    } catch (error) {
      if (!(error instanceof ClientError) || error.code !== Status.UNAVAILABLE || attempt === 5) throw error;
    }
  }
};

type Podinfo = ReturnType<typeof connect>;

describe('fromClientMiddleware', () => {
  it('shows a middleware the same calls as nice-grpc does', async () => {
    const abort = new AbortController();
    const calls: ((podinfo: Podinfo) => Promise<unknown>)[] = [
      (podinfo) => podinfo.describe({ text: 'one' }),
      (podinfo) => podinfo.describe({ text: 'fail' }),
      async (podinfo) => {
        for await (const _ of podinfo.watch({ sampleLimit: 2 }));
      },
      async (podinfo) => {
        for await (const { sequence } of podinfo.watch({ sampleLimit: 5 })) if (sequence === 2n) break;
      },
      (podinfo) => podinfo.pushLogs(each(line('a'), line('b'))),
      (podinfo) => podinfo.pushLogs(each(line('fail'))),
      async (podinfo) => {
        for await (const _ of podinfo.exchange(each({ id: 1n, command: 'c' })));
      },
      (podinfo) => podinfo.describe({ text: 'aborted' }, { signal: abort.signal }),
    ];
    abort.abort();
    const logs: string[][] = [];
    for (const make of [
      (log: string[]) => connectNice(logging(log)) as unknown as Podinfo,
      (log: string[]) => connect(fromClientMiddleware(logging(log))),
    ]) {
      const log: string[] = [];
      const podinfo = make(log);
      for (const call of calls) await call(podinfo).catch(() => {});
      logs.push(log);
    }
    expect(logs[0]).toContain('/podinfo.v1.PodInfo/Describe ABORTED in the way');
    expect(logs[0]).toContain('AbortError');
    expect(logs[1]).toEqual(logs[0]);
  });

  it('gives the caller an RpcError for whatever a middleware throws', async () => {
    const podinfo = connect(fromClientMiddleware(logging([])));
    const failed = await podinfo.describe({ text: 'fail' }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(RpcError);
    expect(failed).toMatchObject({ code: Code.ABORTED, statusMessage: 'in the way', endpoint: address });
    expect((failed as RpcError).metadata.get('calls')).toBe('1');

    const refusing: ClientMiddleware = async function* (call, options) {
      if (!options.metadata) throw new ClientError(call.method.path, Status.PERMISSION_DENIED, 'not from here');
      return yield* call.next(call.request as never, options);
    };
    for (const call of [
      () => connect(fromClientMiddleware(refusing)).describe({}),
      async () => {
        for await (const _ of connect(fromClientMiddleware(refusing)).watch({}));
      },
    ]) {
      await expect(call()).rejects.toBeInstanceOf(RpcError);
      await expect(call()).rejects.toMatchObject({ code: Code.PERMISSION_DENIED, statusMessage: 'not from here' });
    }
  });

  it('runs a deadline that cancels, and passes the options of a middleware on', async () => {
    const podinfo = connect(fromClientMiddleware(logging([])), fromClientMiddleware(deadline));
    const giveUp = (giveUpAfterMs: number) => ({ giveUpAfterMs }) as CallOptions;
    await expect(podinfo.describe({ text: 'hang' }, giveUp(20))).rejects.toMatchObject({
      code: Code.DEADLINE_EXCEEDED,
      statusMessage: 'given up',
    });
    expect(await podinfo.describe({ text: 'in time' }, giveUp(10_000))).toEqual({ reply: 'in time!' });
  });

  it('cancels for the signal of the caller', async () => {
    const log: string[] = [];
    const abort = new AbortController();
    const call = connect(fromClientMiddleware(logging(log))).describe({ text: 'hang' }, { signal: abort.signal });
    setTimeout(() => abort.abort(), 10);
    await expect(call).rejects.toMatchObject({ code: Code.CANCELLED });
    expect(log).toContain('AbortError');
  });

  it('runs retries', async () => {
    const podinfo = connect(fromClientMiddleware(retries));
    let trailers = 0;
    expect(await podinfo.describe({ text: 'flaky' }, { onTrailer: () => trailers++ })).toEqual({ reply: 'flaky!' });
    expect(describeCalls).toBe(3);
    expect(trailers).toBe(3);
    expect((await podinfo.pushLogs(each(line('a')))).acceptedLines).toBe(1n);
  });

  it('carries metadata of either library, both ways', async () => {
    const seen: unknown[] = [];
    const token: ClientMiddleware = async function* (call, options) {
      const metadata = createNiceMetadata(options.metadata).append('token', 'second').set('raw-bin', Uint8Array.of(1));
      return yield* call.next(call.request as never, {
        ...options,
        metadata,
        onHeader(header) {
          seen.push(['middleware', header.get('token-was')]);
          options.onHeader?.(header);
        },
      });
    };
    const inPlace: ClientMiddleware = async function* (call, options) {
      options.metadata?.append('token', 'third');
      return yield* call.next(call.request as never, options);
    };
    const metadata = new Metadata({ token: 'first' });
    const podinfo = connect(fromClientMiddleware(token), fromClientMiddleware(inPlace));
    await podinfo.describe({}, { metadata, onHeader: (header) => seen.push(header.getAll('token-was')) });
    expect(seen).toEqual([['middleware', 'first, second|third'], ['first, second|third']]);
    expect(metadata.getAll('token')).toEqual(['first']);
  });

  it('shows interceptors around it the header and trailer of the last attempt', async () => {
    const seen: unknown[] = [];
    const observing: ClientInterceptor = (next) => async (request) => {
      const response = await next(request);
      if (!request.method.responseStream) {
        seen.push(response.header.has('token-was'), response.trailer.get('calls'));
        return response;
      }
      seen.push(response.header.size);
      const message = (async function* () {
        for await (const one of response.message as AsyncIterable<unknown>) {
          seen.push(response.header.get('kind'));
          yield one;
        }
        seen.push(response.trailer.get('count'));
      })();
      return { ...response, message };
    };
    const podinfo = connect(observing, fromClientMiddleware(retries));
    await podinfo.describe({ text: 'flaky' });
    for await (const _ of podinfo.watch({ sampleLimit: 1 }));
    expect(seen).toEqual([true, '3', 0, 'watch', '1']);
  });

  it('tells which methods may be sent again', async () => {
    const levels: unknown[] = [];
    const reading: ClientMiddleware = async function* (call, options) {
      levels.push(call.method.options.idempotencyLevel);
      return yield* call.next(call.request as never, options);
    };
    const { describe: method } = PodInfoDefinition.methods;
    const options = { idempotencyLevel: 'NO_SIDE_EFFECTS' as const };
    const definition = { ...PodInfoDefinition, methods: { describe: { ...method, options } } };
    const channel = createChannel(address, { interceptors: [fromClientMiddleware(reading)] });
    channels.push(channel);
    await createClient(definition, channel).describe({});
    await createClient(PodInfoDefinition, channel).describe({});
    expect(levels).toEqual(['IDEMPOTENT', undefined]);
  });

  it('leaves a loop early without leaving the call open', async () => {
    const log: string[] = [];
    const podinfo = connect(fromClientMiddleware(logging(log)));
    for await (const _ of podinfo.watch({ sampleLimit: 1_000_000 })) break;
    expect(log.at(-1)).toBe('finally');
    expect(log).not.toContain('end');
  });

  it('says what a middleware did wrong', async () => {
    const wrong: [ClientMiddleware, keyof Podinfo, RegExp][] = [
      [
        async function* (call, options) {
          yield (yield* call.next(call.request as never, options)) as never;
        },
        'describe',
        /yielded a message; .*Describe has one/,
      ],
      [async function* () {}, 'describe', /returned nothing/],
      [
        async function* (call, options) {
          yield* call.next(call.request as never, options);
          return {} as never;
        },
        'watch',
        /returned a message; .*Watch are to be yielded/,
      ],
      [
        async function* (call, options) {
          return yield* call.next(each() as AsyncIterable<never>, options);
        },
        'describe',
        /wrong request to next: .*Describe takes one message/,
      ],
    ];
    for (const [middleware, method, message] of wrong) {
      const podinfo = connect(fromClientMiddleware(middleware));
      const call = async () => {
        if (method === 'watch') for await (const _ of podinfo.watch({}));
        else await podinfo.describe({});
      };
      await expect(call()).rejects.toThrow(message);
    }
  });
});
