import { constants } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DescribeResponse, PodInfoDefinition, PushLogsResponse } from '../../gen/podinfo/v1/podinfo.js';
import { createChannel } from '../../src/client/channel.js';
import { type Client, createClient } from '../../src/client/client.js';
import { Code } from '../../src/rpc/code.js';
import { rawMessage } from '../server/raw-client.js';
import { collect, repeat, signalled, socketFolder, until } from '../server/serve-podinfo.js';
import { rejection } from './rejection.js';
import { answer, type Script, type ScriptedServer, startScriptedServer } from './scripted-server.js';

const hello = rawMessage(DescribeResponse.encode({ reply: 'hello' }).finish());
const accepted = rawMessage(PushLogsResponse.encode(PushLogsResponse.fromPartial({ acceptedLines: 3n })).finish());

interface Scripted extends AsyncDisposable {
  readonly podinfo: Client<typeof PodInfoDefinition>;
  readonly server: ScriptedServer;
}

async function scripted(script: Script): Promise<Scripted> {
  const folder = socketFolder();
  const server = await startScriptedServer(folder.path('x.sock'), script);
  const channel = createChannel(folder.path('x.sock'));
  const podinfo = createClient(PodInfoDefinition, channel);
  const dispose = async (): Promise<void> => {
    await channel.close();
    await server[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  };
  return { podinfo, server, [Symbol.asyncDispose]: dispose };
}

describe('an answer that is not as it should be', () => {
  it.each([
    ['no message and OK', [], '0', Code.UNIMPLEMENTED, /OK without a message/],
    ['two messages', [hello, hello], '0', Code.UNIMPLEMENTED, /more than one message/],
    [
      'a message that cannot be decoded',
      [rawMessage(Buffer.from([0xff]))],
      '0',
      Code.INTERNAL,
      /cannot decode the response/,
    ],
    ['an unfinished message', [hello.subarray(0, 8)], '0', Code.INTERNAL, /ended inside a message/],
    ['a status that gRPC does not define', [hello], '99', Code.UNKNOWN, /"99"/],
    ['a message and an error', [hello], '5', Code.NOT_FOUND, /^$/],
  ])('has a code: %s', async (_, messages, status, code, text) => {
    await using used = await scripted((stream) => answer(stream, messages, { status }));
    const error = await rejection(used.podinfo.describe({}));
    expect(error.code).toBe(code);
    expect(error.statusMessage).toMatch(text);
    expect(error.method).toBe('podinfo.v1.PodInfo/Describe');
  });

  it('is ended at once when a second message begins that there is no window for', async () => {
    const closed = signalled<number>();
    await using used = await scripted((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.write(rawMessage(DescribeResponse.encode({ reply: 'x'.repeat(100_000) }).finish()));
      stream.write(rawMessage(DescribeResponse.encode({ reply: 'x'.repeat(100_000) }).finish()));
      stream.on('close', () => closed.resolve(stream.rstCode ?? -1));
    });
    const error = await rejection(used.podinfo.describe({}, { timeoutMs: 5_000 }));
    expect(error).toMatchObject({ code: Code.UNIMPLEMENTED, method: 'podinfo.v1.PodInfo/Describe' });
    expect(error.statusMessage).toMatch(/more than one message/);
    expect(await closed.promise).toBe(constants.NGHTTP2_CANCEL);
  });

  it('is INTERNAL in an encoding that was not accepted, unary and streaming', async () => {
    await using used = await scripted((stream) => answer(stream, [hello], { headers: { 'grpc-encoding': 'br' } }));
    for (const call of [() => used.podinfo.describe({}), () => collect(used.podinfo.watch({}))]) {
      const error = await rejection(call());
      expect(error.code).toBe(Code.INTERNAL);
      expect(error.statusMessage).toBe('the server compresses with "br"; this client accepts identity,gzip');
    }
  });

  it('ends a stream when a message cannot be decoded, with the caller told where', async () => {
    const closed = signalled<number>();
    await using used = await scripted((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.write(rawMessage(0));
      stream.write(rawMessage(Buffer.from([0xff])));
      stream.on('close', () => closed.resolve(stream.rstCode ?? -1));
    });
    const stream = used.podinfo.watch({})[Symbol.asyncIterator]();
    expect(await stream.next()).toMatchObject({ done: false });
    const error = await rejection(stream.next());
    expect(error).toMatchObject({ code: Code.INTERNAL, method: 'podinfo.v1.PodInfo/Watch' });
    expect(await closed.promise).toBe(constants.NGHTTP2_CANCEL);
    expect(await stream.next()).toMatchObject({ done: true });
  });

  it.each([
    [503, Code.UNAVAILABLE],
    [404, Code.UNIMPLEMENTED],
    [401, Code.UNAUTHENTICATED],
    [200, Code.UNKNOWN],
  ])('is mapped when it is plain HTTP %i', async (status, code) => {
    await using used = await scripted((stream) => {
      stream.respond({ ':status': status, 'content-type': 'text/html' });
      stream.end('<p>hello');
    });
    expect((await rejection(used.podinfo.describe({}))).code).toBe(code);
    expect((await rejection(collect(used.podinfo.watch({})))).code).toBe(code);
  });

  it('has informational answers before it that mean nothing', async () => {
    await using used = await scripted((stream) => {
      stream.additionalHeaders({ ':status': 103 });
      answer(stream, [hello]);
    });
    expect((await used.podinfo.describe({})).reply).toBe('hello');
  });

  it('has trailers over the limit', async () => {
    await using used = await scripted((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', big: 'x'.repeat(20_000) });
    });
    const error = await rejection(used.podinfo.describe({}));
    expect(error.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect(error.statusMessage).toMatch(/metadata of the response is larger/);
  });

  it.each([
    [constants.NGHTTP2_CANCEL, Code.CANCELLED],
    [constants.NGHTTP2_ENHANCE_YOUR_CALM, Code.RESOURCE_EXHAUSTED],
    [constants.NGHTTP2_INTERNAL_ERROR, Code.INTERNAL],
  ])('is a reset with code %i', async (resetCode, code) => {
    await using used = await scripted((stream) => stream.close(resetCode));
    expect((await rejection(used.podinfo.describe({}))).code).toBe(code);
  });
});

describe('a call that the server did not look at', () => {
  const kinds = {
    unary: (podinfo: Client<typeof PodInfoDefinition>) => podinfo.describe({ text: 'x' }),
    'server-streaming': (podinfo: Client<typeof PodInfoDefinition>) => collect(podinfo.watch({})),
    'client-streaming': (podinfo: Client<typeof PodInfoDefinition>) =>
      podinfo.pushLogs(repeat(3, () => ({ line: 'x' }))),
    bidirectional: (podinfo: Client<typeof PodInfoDefinition>) =>
      collect(podinfo.exchange(repeat(3, () => ({ command: 'x' })))),
  };
  type Kind = keyof typeof kinds;
  const everyKind = Object.keys(kinds) as Kind[];

  /** Reads the whole request, then answers. */
  function serveWhole(stream: Parameters<Script>[0], lengths: number[]): void {
    let length = 0;
    stream.on('data', (chunk: Buffer) => (length += chunk.length));
    stream.on('end', () => {
      lengths.push(length);
      answer(stream, [accepted]);
    });
  }

  it.each(everyKind)('is made again when it was refused, whole: %s', async (kind) => {
    const lengths: number[] = [];
    await using used = await scripted((stream, _, index) => {
      if (index < 2) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else serveWhole(stream, lengths);
    });
    await kinds[kind](used.podinfo);
    const length = { unary: 8, 'server-streaming': 5, 'client-streaming': 24, bidirectional: 24 }[kind];
    expect(lengths).toEqual([length]);
    expect(used.server.requests).toHaveLength(3);
  });

  it.each(everyKind)('is made again elsewhere when the server went away before it: %s', async (kind) => {
    const lengths: number[] = [];
    await using used = await scripted((stream, _, index) => {
      if (index === 0) answer(stream, [hello]);
      else if (index === 1) stream.session?.goaway(constants.NGHTTP2_NO_ERROR, 1);
      else serveWhole(stream, lengths);
    });
    await used.podinfo.describe({});
    await kinds[kind](used.podinfo);
    expect(lengths).toHaveLength(1);
    expect(used.server.sessions).toHaveLength(2);
  });

  it('is UNAVAILABLE when it is refused again and again', async () => {
    await using used = await scripted((stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
    const error = await rejection(used.podinfo.describe({}));
    expect(error.code).toBe(Code.UNAVAILABLE);
    expect(error.statusMessage).toMatch(/REFUSED_STREAM/);
    expect(used.server.requests).toHaveLength(4);
  });

  it('is not made again after the server has begun to answer', async () => {
    await using used = await scripted((stream, _, index) => {
      if (index === 0) return answer(stream, [hello]);
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      // Goes back on it, against RFC 9113 section 6.8.
      setTimeout(() => stream.session?.goaway(constants.NGHTTP2_NO_ERROR, 1), 10);
    });
    await used.podinfo.describe({});
    expect((await rejection(used.podinfo.describe({}))).code).toBe(Code.UNAVAILABLE);
    expect(used.server.requests).toHaveLength(2);
  });

  it('is not made again when more was sent than is kept', async () => {
    let received = 0;
    await using used = await scripted((stream) => {
      stream.on('data', (chunk: Buffer) => {
        received += chunk.length;
        if (received > 300_000) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      });
    });
    const error = await rejection(used.podinfo.pushLogs(repeat(100, () => ({ line: 'x'.repeat(10_000) }))));
    expect(error.code).toBe(Code.UNAVAILABLE);
    expect(used.server.requests).toHaveLength(1);
  });

  it('is made again with one large message, and after a wait for more messages', async () => {
    const lengths: number[] = [];
    const refused = signalled();
    await using used = await scripted((stream, _, index) => {
      if (index === 0) return answer(stream, [hello]);
      if (index > 1) return serveWhole(stream, lengths);
      stream.on('data', () => stream.close(constants.NGHTTP2_REFUSED_STREAM));
      stream.on('close', () => refused.resolve());
    });
    await used.podinfo.describe({});
    async function* requests() {
      yield { line: 'x'.repeat(400_000) };
      await refused.promise;
      await delay(10);
      yield { line: 'x' };
    }
    await used.podinfo.pushLogs(requests());
    expect(lengths[0]).toBeGreaterThan(400_000);
    expect(used.server.requests).toHaveLength(3);
  });

  it('is not made again after its deadline or its cancelling', async () => {
    const controller = new AbortController();
    await using used = await scripted((stream, _, index) => {
      if (index === 0) controller.abort();
      setTimeout(() => stream.close(constants.NGHTTP2_REFUSED_STREAM), 20);
    });
    expect((await rejection(used.podinfo.describe({}, { signal: controller.signal }))).code).toBe(Code.CANCELLED);
    await delay(40);
    expect(used.server.requests).toHaveLength(1);
    expect((await rejection(used.podinfo.describe({}, { timeoutMs: 10 }))).code).toBe(Code.DEADLINE_EXCEEDED);
    await delay(40);
    expect(used.server.requests).toHaveLength(2);
  });

  it('is UNAVAILABLE, and not made again, when the connection broke after it was sent', async () => {
    await using used = await scripted((stream) => stream.session?.destroy());
    expect((await rejection(used.podinfo.describe({}, { waitForReady: true }))).code).toBe(Code.UNAVAILABLE);
    await until(() => used.server.sessions.every(({ destroyed }) => destroyed));
    expect(used.server.requests).toHaveLength(1);
  });

  it('goes on where it is when the server goes away with it open', async () => {
    await using used = await scripted((stream, _, index) => {
      if (index > 0) return answer(stream, [hello]);
      stream.session?.goaway(constants.NGHTTP2_NO_ERROR, stream.id);
      setTimeout(() => answer(stream, [hello]), 20);
    });
    const first = used.podinfo.describe({});
    await until(() => used.server.requests.length === 1);
    await delay(5);
    const second = used.podinfo.describe({});
    expect((await first).reply).toBe('hello');
    expect((await second).reply).toBe('hello');
    expect(used.server.sessions).toHaveLength(2);
  });
});
