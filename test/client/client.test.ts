import { describe, expect, expectTypeOf, it } from 'vitest';
import { Empty } from '../../gen/grpc/testing/empty.js';
import { TestServiceDefinition } from '../../gen/grpc/testing/test.js';
import {
  type DescribeResponse,
  type ExchangeResponse,
  LogStream,
  PodInfoDefinition,
  type PushLogsResponse,
  type WatchResponse,
} from '../../gen/podinfo/v1/podinfo.js';
import { createChannel } from '../../src/client/channel.js';
import { type Client, createClient } from '../../src/client/client.js';
import { Code } from '../../src/rpc/code.js';
import { Metadata } from '../../src/rpc/metadata.js';
import { createServer } from '../../src/server/server.js';
import { abstractName, allowOwn, collect, repeat, servePodInfo } from '../server/serve-podinfo.js';
import { EmptyDefinition } from './empty-definition.js';
import { rejection } from './rejection.js';

describe('the four kinds of calls', () => {
  it('sends one message and gets one', async () => {
    await using served = await servePodInfo();
    expect(await served.podinfo.describe({ text: 'Some values from the client,' })).toEqual({
      reply: 'Some values from the client, And a reply from the server.',
    });
  });

  it.each([0, 1, 10_000])('gets a stream of %i messages in order', async (count) => {
    await using served = await servePodInfo();
    const samples = await collect(served.podinfo.watch({ sampleLimit: count }));
    expect(samples.length).toBe(count);
    expect(samples.every(({ sequence }, index) => sequence === BigInt(index + 1))).toBe(true);
  });

  it.each([0, 1, 10_000])('sends a stream of %i messages in order', async (count) => {
    const lines: string[] = [];
    await using served = await servePodInfo({
      async pushLogs(requests) {
        for await (const { line } of requests) lines.push(line);
        return { acceptedLines: BigInt(lines.length) };
      },
    });
    const { acceptedLines } = await served.podinfo.pushLogs(repeat(count, (index) => ({ line: `line ${index}` })));
    expect(acceptedLines).toBe(BigInt(count));
    expect(lines.every((line, index) => line === `line ${index}`)).toBe(true);
  });

  it.each([0, 1, 10_000])('sends and gets streams of %i messages in order', async (count) => {
    await using served = await servePodInfo();
    const answers = await collect(
      served.podinfo.exchange(repeat(count, (index) => ({ id: BigInt(index), command: 'ls' }))),
    );
    expect(answers.length).toBe(count);
    expect(answers.every(({ id }, index) => id === BigInt(index))).toBe(true);
  });

  it('answers each request of a stream before the next is sent', async () => {
    await using served = await servePodInfo();
    const commands: string[] = [];
    let answered = () => {};
    async function* requests() {
      for (const command of ['one', 'two', 'three']) {
        const answer = new Promise<void>((resolve) => {
          answered = resolve;
        });
        yield { command };
        await answer;
      }
    }
    for await (const { outcome } of served.podinfo.exchange(requests())) {
      commands.push(outcome?.value ?? '');
      answered();
    }
    expect(commands).toEqual(['one', 'two', 'three']);
  });

  it('carries messages without a single octet', async () => {
    const server = createServer();
    const sizes: number[] = [];
    server.add(EmptyDefinition, {
      async unary() {
        return {};
      },
      async *both(requests) {
        for await (const request of requests) {
          sizes.push(Object.keys(request).length);
          yield {};
        }
      },
    });
    const name = abstractName();
    await server.listen(name, allowOwn(name));
    const channel = createChannel(name);
    const client = createClient(EmptyDefinition, channel);
    expect(await client.unary({})).toEqual(Empty.fromPartial({}));
    expect(await collect(client.both(repeat(3, () => ({}))))).toHaveLength(3);
    expect(sizes).toEqual([0, 0, 0]);
    await channel.close();
    await server.shutdown();
  });

  it('accepts partial messages on both sides and gives whole ones', async () => {
    let seen: unknown;
    await using served = await servePodInfo({
      async pushLogs(requests) {
        for await (const request of requests) seen = request;
        return {};
      },
      async *watch() {
        yield {};
      },
    });
    expect(await served.podinfo.pushLogs(repeat(1, () => ({ line: 'x' })))).toEqual({
      acceptedLines: 0n,
      acceptedBytes: 0n,
      rejectedLines: 0n,
    });
    expect(seen).toEqual({ timeUnixNanos: 0n, stream: LogStream.LOG_STREAM_UNSPECIFIED, line: 'x' });
    const [sample] = await collect(served.podinfo.watch({}));
    expect(sample).toMatchObject({ sequence: 0n, memoryLimitBytes: undefined });
  });

  it('carries large messages both ways', async () => {
    await using served = await servePodInfo();
    const text = 'ü'.repeat(1_500_000);
    expect((await served.podinfo.describe({ text })).reply.length).toBe(text.length + 29);
  });

  it('takes a service with bytes in nested messages', async () => {
    const server = createServer();
    server.add(TestServiceDefinition, {
      emptyCall: async () => ({}),
      unaryCall: async ({ payload }) => ({ payload: { body: payload?.body } }),
      cacheableUnaryCall: async () => ({}),
      streamingOutputCall: () => repeat(0, () => ({})),
      streamingInputCall: async () => ({}),
      fullDuplexCall: () => repeat(0, () => ({})),
      halfDuplexCall: () => repeat(0, () => ({})),
      unimplementedCall: async () => ({}),
    });
    const name = abstractName();
    await server.listen(name, allowOwn(name));
    const channel = createChannel(name);
    const { payload } = await createClient(TestServiceDefinition, channel).unaryCall({
      payload: { body: Buffer.from([0, 1, 255]) },
    });
    expect([...(payload?.body ?? [])]).toEqual([0, 1, 255]);
    await channel.close();
    await server.shutdown();
  });
});

describe('createClient', () => {
  it('refuses what is no definition or no channel', () => {
    const channel = createChannel('/x.sock');
    for (const given of [
      [PodInfoDefinition, '/x.sock'],
      [channel, PodInfoDefinition],
      [PodInfoDefinition],
      [PodInfoDefinition, null],
      [undefined, channel],
    ]) {
      expect(() => (createClient as (...given: unknown[]) => unknown)(...given)).toThrow(
        new TypeError(
          'createClient takes a definition and a channel: createClient(SettingsDefinition, createChannel("..."))',
        ),
      );
    }
  });

  it('gives every call the options of the client, a call of its own going before', async () => {
    await using served = await servePodInfo({
      async describe(_, { metadata, deadline }) {
        return { reply: `${metadata.get('who')} ${deadline !== undefined}` };
      },
    });
    const defaults = { metadata: { who: 'client' }, timeoutMs: 60_000 };
    const podinfo = createClient(PodInfoDefinition, served.channel, { defaults });
    expect((await podinfo.describe({})).reply).toBe('client true');
    expect((await podinfo.describe({}, { metadata: { who: 'call' } })).reply).toBe('call true');
    expect((await podinfo.describe({}, { timeoutMs: undefined })).reply).toBe('client true');
  });

  it('sends the metadata that a call was given, whatever becomes of the object', async () => {
    const seen: unknown[] = [];
    await using served = await servePodInfo({
      async describe(_, { metadata }) {
        seen.push(metadata.get('n'));
        return {};
      },
    });
    const metadata = new Metadata();
    await Promise.all(['0', '1', '2'].map((n) => served.podinfo.describe({}, { metadata: metadata.set('n', n) })));
    expect(seen).toEqual(['0', '1', '2']);
  });

  it('refuses a user agent that cannot be sent', () => {
    expect(() => createChannel('unix-abstract:nowhere', { userAgent: 'app\u2122' })).toThrow(
      /userAgent .* printable ASCII/,
    );
  });

  it('refuses what cannot be sent before anything is sent', async () => {
    let calls = 0;
    await using served = await servePodInfo({
      async describe() {
        calls++;
        return {};
      },
    });
    const { podinfo } = served;
    await expect(podinfo.describe({}, { metadata: { 'grpc-status': '0' } })).rejects.toThrow(TypeError);
    await expect(podinfo.describe({}, { deadline: new Date(Number.NaN) })).rejects.toThrow(TypeError);
    const watch = podinfo.watch({}, { metadata: { key: 'ü' } });
    await expect(collect(watch)).rejects.toThrow(TypeError);
    expect(await collect(watch)).toEqual([]);
    expect(calls).toBe(0);
  });

  it('names method and endpoint when a message cannot be encoded, also one of a stream', async () => {
    await using served = await servePodInfo();
    const unary = await rejection(served.podinfo.watch({ sampleLimit: -1 })[Symbol.asyncIterator]().next());
    expect(unary.code).toBe(Code.INTERNAL);
    expect(unary.message).toContain(`(podinfo.v1.PodInfo/Watch at ${served.endpoint})`);
    const streamed = await rejection(served.podinfo.pushLogs(repeat(2, () => ({ timeUnixNanos: -1n }))));
    expect(streamed.code).toBe(Code.INTERNAL);
    expect(streamed.message).toContain(`(podinfo.v1.PodInfo/PushLogs at ${served.endpoint})`);
  });
});

describe('types', () => {
  it('are those of the definition', () => {
    type PodInfoClient = Client<typeof PodInfoDefinition>;
    expectTypeOf<ReturnType<PodInfoClient['describe']>>().toEqualTypeOf<Promise<DescribeResponse>>();
    expectTypeOf<ReturnType<PodInfoClient['watch']>>().toEqualTypeOf<AsyncIterable<WatchResponse>>();
    expectTypeOf<ReturnType<PodInfoClient['pushLogs']>>().toEqualTypeOf<Promise<PushLogsResponse>>();
    expectTypeOf<ReturnType<PodInfoClient['exchange']>>().toEqualTypeOf<AsyncIterable<ExchangeResponse>>();
    expectTypeOf<Parameters<PodInfoClient['describe']>[0]>().toEqualTypeOf<{ text?: string | undefined }>();
    expectTypeOf<keyof PodInfoClient>().toEqualTypeOf<'describe' | 'watch' | 'pushLogs' | 'exchange'>();
  });

  it('do not let a wrong request compile', () => {
    const podinfo = {} as Client<typeof PodInfoDefinition>;
    const never = (): unknown[] => [
      // @ts-expect-error: text is a string
      podinfo.describe({ text: 1 }),
      // @ts-expect-error: there is no such field
      podinfo.describe({ texts: '' }),
      // @ts-expect-error: a stream of requests is an async iterable
      podinfo.pushLogs({ line: '' }),
      // @ts-expect-error: a stream of responses is no promise
      podinfo.watch({}).then(() => {}),
      // @ts-expect-error: there is no such option
      podinfo.describe({}, { timeout: 1 }),
      // @ts-expect-error: there is no such method
      podinfo.explain({}),
    ];
    expect(never).toBeTypeOf('function');
  });

  it('do not let a wrong handler compile', () => {
    const add = createServer().add.bind(createServer());
    const never = (): void => {
      const watch = () => repeat(0, () => ({}));
      const exchange = watch;
      const pushLogs = async () => ({});
      // @ts-expect-error: describe is missing
      add(PodInfoDefinition, { watch, exchange, pushLogs });
      // @ts-expect-error: reply is a string
      add(PodInfoDefinition, { describe: async () => ({ reply: 1 }), watch, exchange, pushLogs });
      // @ts-expect-error: watch gives a stream
      add(PodInfoDefinition, { describe: async () => ({}), watch: async () => ({}), exchange, pushLogs });
      add(PodInfoDefinition, {
        // @ts-expect-error: the request has no such field
        describe: async ({ texts }) => ({ reply: texts }),
        watch,
        exchange,
        pushLogs,
      });
    };
    expect(never).toBeTypeOf('function');
  });
});
