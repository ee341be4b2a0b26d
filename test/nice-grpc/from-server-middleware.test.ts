import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as nice from 'nice-grpc';
import { type CallContext, ServerError, type ServerMiddleware, Status } from 'nice-grpc-common';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import {
  type Client,
  Code,
  createChannel,
  createClient,
  createServer,
  RpcError,
  type ServerContext,
  type ServerOptions,
  type ServiceImplementation,
} from '../../src/index.js';
import { fromServerMiddleware } from '../../src/nice-grpc/index.js';
import { knowsPeers } from '../socket/knows-peers.js';

type PodInfo = ServiceImplementation<typeof PodInfoDefinition>;
type Podinfo = Client<typeof PodInfoDefinition>;

const folder = mkdtempSync(join(tmpdir(), 'podwire-nice-grpc-'));
const cleanUps: (() => unknown)[] = [];
let sockets = 0;

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Handlers that use of the context only what both libraries have; `fail` makes the error of the library at hand. */
function implementation(fail: (code: number, message: string) => Error) {
  return {
    async describe({ text }: { text: string }, context: Pick<CallContext, 'sendHeader'> & Marked): Promise<Reply> {
      context.header.set('header', 'from the handler');
      context.sendHeader();
      if (text === 'fail') throw fail(Code.ABORTED, 'in the way');
      if (text === 'bug') throw new TypeError('a bug');
      return { reply: `${text}!` };
    },
    async *watch({ sampleLimit }: { sampleLimit: number }, context: Marked) {
      for (let sequence = 1n; sequence <= sampleLimit; sequence++) yield { sequence };
      context.trailer.set('trailer', 'from the handler');
      if (sampleLimit === 3) throw fail(Code.OUT_OF_RANGE, 'three');
    },
    async pushLogs(lines: AsyncIterable<unknown>) {
      let acceptedLines = 0n;
      for await (const _ of lines) acceptedLines++;
      return { acceptedLines };
    },
    async *exchange(commands: AsyncIterable<{ id: bigint }>) {
      for await (const { id } of commands) yield { id };
    },
  };
}

type Reply = { reply: string };
type Marked = { header: { set(key: string, value: string): unknown }; trailer: Marked['header'] };

const podInfo = implementation((code, message) => new RpcError(code as Code, message)) satisfies PodInfo;

async function serve(options: ServerOptions, overrides: Partial<PodInfo> = {}): Promise<Podinfo> {
  const server = createServer(options).add(PodInfoDefinition, { ...podInfo, ...overrides });
  cleanUps.push(() => server.shutdown({ graceMs: 0 }));
  const { address } = await server.listen(join(folder, `${sockets++}.sock`));
  return connect(address);
}

/** The same middleware where it comes from. */
async function serveNice(middleware: ServerMiddleware): Promise<Podinfo> {
  const server = nice.createServer().use(middleware);
  const failing = implementation((code, message) => new ServerError(code, message));
  server.add(PodInfoDefinition, failing as never);
  cleanUps.push(() => server.forceShutdown());
  const address = `unix://${join(folder, `${sockets++}.sock`)}`;
  await server.listen(address);
  return connect(address);
}

function connect(address: string): Podinfo {
  const channel = createChannel(address);
  cleanUps.push(() => channel.close());
  return createClient(PodInfoDefinition, channel);
}

async function* each<Item>(...items: Item[]): AsyncGenerator<Item> {
  yield* items;
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value;
}

function logging(log: string[]): ServerMiddleware {
  return async function* (call, context) {
    const { path, requestStream, responseStream } = call.method;
    log.push(`${path} ${requestStream} ${responseStream}`);
    async function* received<Request>(requests: AsyncIterable<Request>): AsyncIterable<Request> {
      for await (const request of requests) {
        log.push(`> ${JSON.stringify(request, plain)}`);
        yield request;
      }
    }
    try {
      const request = call.requestStream ? received(call.request) : call.request;
      if (!call.requestStream) log.push(`> ${JSON.stringify(call.request, plain)}`);
      if (!call.responseStream) {
        const response = yield* call.next(request, context);
        log.push(`< ${JSON.stringify(response, plain)}`);
        return response;
      }
      for await (const response of call.next(request, context)) {
        log.push(`< ${JSON.stringify(response, plain)}`);
        yield response;
      }
      log.push('end');
    } catch (error) {
      if (error instanceof ServerError) log.push(`${Status[error.code]} ${error.details}`, error.message);
      else log.push(`${error}`);
      throw error;
    } finally {
      log.push('finally');
    }
  };
}

/** Lets in who has a token, and tells the handler who it is. */
const authentication: ServerMiddleware<{ user: string }> = async function* (call, context) {
  const token = context.metadata.get('token');
  if (token === undefined) throw new ServerError(Status.UNAUTHENTICATED, 'a token is needed');
  return yield* call.next(call.request as never, { ...context, user: `user of ${token}` });
};

describe('fromServerMiddleware', () => {
  it('shows a middleware the same calls as nice-grpc does', async () => {
    const logs: string[][] = [];
    for (const start of [
      (log: string[]) => serveNice(logging(log)),
      (log: string[]) =>
        serve({ interceptors: [fromServerMiddleware(logging(log))], onHandlerError: () => log.push('reported') }),
    ]) {
      const log: string[] = [];
      const podinfo = await start(log);
      await podinfo.describe({ text: 'one' });
      await podinfo.describe({ text: 'fail' }).catch((error: RpcError) => log.push(`caller: ${error.statusMessage}`));
      for await (const _ of podinfo.watch({ sampleLimit: 2 }));
      await podinfo.pushLogs(each({ line: 'a' }, { line: 'b' }));
      for await (const _ of podinfo.exchange(each({ id: 1n }, { id: 2n })));
      logs.push(log);
    }
    expect(logs[0]).toContain('ABORTED in the way');
    expect(logs[0]).toContain('caller: in the way');
    expect(logs[1]).toEqual(logs[0]);
  });

  it('gives a middleware the status that a stream ends with', async () => {
    const log: string[] = [];
    const podinfo = await serve({ interceptors: [fromServerMiddleware(logging(log))] });
    const call = async () => {
      for await (const _ of podinfo.watch({ sampleLimit: 3 }));
    };
    await expect(call()).rejects.toMatchObject({ code: Code.OUT_OF_RANGE, statusMessage: 'three' });
    expect(log).toContain('OUT_OF_RANGE three');
  });

  it('gives a handler and the middleware behind what a middleware adds to the context', async () => {
    const seen: unknown[] = [];
    const behind: ServerMiddleware<object, { user: string }> = async function* (call, context) {
      seen.push(context.user, context.peer);
      return yield* call.next(call.request as never, context);
    };
    const podinfo = await serve(
      { interceptors: [fromServerMiddleware(authentication), fromServerMiddleware(behind)] },
      {
        async describe(_request, context) {
          const { user } = context as ServerContext & { user: string };
          seen.push(user, context.peer.uid, context.method.name, context.deadline instanceof Date);
          context.compression = 'gzip';
          context.header.set('header', 'mine');
          context.sendHeader();
          context.trailer.set('trailer', 'mine');
          return { reply: user };
        },
      },
    );
    await expect(podinfo.describe({})).rejects.toMatchObject({
      code: Code.UNAUTHENTICATED,
      statusMessage: 'a token is needed',
    });
    await podinfo.describe(
      {},
      {
        metadata: { token: ['a', 'b'] },
        timeoutMs: 10_000,
        onHeader: (header) => seen.push(header.get('header')),
        onTrailer: (trailer) => seen.push(trailer.get('trailer')),
      },
    );
    expect(seen).toEqual([
      'user of a, b',
      expect.stringMatching(/^unix:\/\/\/.*\.sock$/),
      ...['user of a, b', knowsPeers ? process.geteuid?.() : undefined, 'Describe', true, 'mine', 'mine'],
    ]);
  });

  it('sends the header and trailer of a middleware beside those of the handler', async () => {
    const marking: ServerMiddleware = async function* (call, context) {
      context.header.set('middleware', 'header').append('raw-bin', Uint8Array.of(1));
      context.trailer.set('middleware', 'trailer');
      return yield* call.next(call.request as never, context);
    };
    const podinfo = await serve({ interceptors: [fromServerMiddleware(marking)] });
    const seen: unknown[] = [];
    for await (const _ of podinfo.watch(
      { sampleLimit: 1 },
      { onHeader: (header) => seen.push(...header), onTrailer: (trailer) => seen.push(...trailer) },
    ));
    expect(seen).toEqual([
      ['middleware', ['header']],
      ['raw-bin', [Uint8Array.of(1)]],
      ['middleware', ['trailer']],
      ['trailer', ['from the handler']],
    ]);
  });

  it('passes a changed signal and changed metadata on', async () => {
    const stop = new AbortController();
    const terminating: ServerMiddleware = async function* (call, context) {
      const signal = AbortSignal.any([context.signal, stop.signal]);
      return yield* call.next(call.request as never, {
        ...context,
        signal,
        metadata: nice.Metadata({ replaced: 'yes' }),
      });
    };
    const podinfo = await serve(
      { interceptors: [fromServerMiddleware(terminating)] },
      {
        async describe(_request, { signal, metadata }) {
          queueMicrotask(() => stop.abort());
          await new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => resolve());
          });
          return { reply: `${metadata.get('replaced')} ${metadata.has('token')}` };
        },
      },
    );
    expect(await podinfo.describe({}, { metadata: { token: 'x' } })).toEqual({ reply: 'yes false' });
  });

  it('is told about a caller that left, by the AbortError of nice-grpc', async () => {
    const log: string[] = [];
    let ended!: () => void;
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const observing: ServerMiddleware = async function* (call, context) {
      try {
        return yield* call.next(call.request as never, context);
      } catch (error) {
        log.push((error as Error).name);
        throw error;
      } finally {
        ended();
      }
    };
    const abort = new AbortController();
    const podinfo = await serve(
      { interceptors: [fromServerMiddleware(observing)] },
      {
        async describe(_request, { signal }) {
          abort.abort();
          await new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => resolve());
          });
          signal.throwIfAborted();
          return {};
        },
      },
    );
    await expect(podinfo.describe({}, { signal: abort.signal })).rejects.toMatchObject({ code: Code.CANCELLED });
    await end;
    expect(log).toEqual(['AbortError']);
  });

  it('keeps what a handler threw from the caller', async () => {
    const reported: unknown[] = [];
    const podinfo = await serve({
      interceptors: [fromServerMiddleware(logging([]))],
      onHandlerError: (error) => reported.push(error),
    });
    await expect(podinfo.describe({ text: 'bug' })).rejects.toMatchObject({ code: Code.UNKNOWN });
    expect(reported).toEqual([new TypeError('a bug')]);
  });

  it('says what a middleware did wrong', async () => {
    const reported: unknown[] = [];
    const silent: ServerMiddleware = async function* () {};
    const podinfo = await serve({
      interceptors: [fromServerMiddleware(silent)],
      onHandlerError: (error) => reported.push(error),
    });
    await expect(podinfo.describe({})).rejects.toMatchObject({ code: Code.UNKNOWN });
    expect(`${reported}`).toMatch(/returned nothing; \/podinfo.v1.PodInfo\/Describe has one message to return/);
  });
});
