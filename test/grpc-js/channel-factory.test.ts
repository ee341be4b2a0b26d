import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import {
  ChannelCredentials,
  type ChannelInterface,
  Client,
  type ClientOptions,
  connectivityState,
  credentials,
  InterceptingCall,
  type Interceptor,
  ListenerBuilder,
  Metadata,
  propagate,
  RequesterBuilder,
  ServerCredentials,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { createClient as createNiceClient } from 'nice-grpc';
import { ClientError, Metadata as NiceMetadata } from 'nice-grpc-common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { createChannel } from '../../src/client/channel.js';
import { channelEvents } from '../../src/client/channel-events.js';
import { channelFactory } from '../../src/grpc-js/index.js';
import { Code } from '../../src/rpc/code.js';
import { RpcError } from '../../src/rpc/rpc-error.js';
import { anyone, sameUser } from '../../src/socket/peer-policy.js';
import { createInProcessChannel } from '../../src/testing/in-process-channel.js';
import { processReceiveBudget } from '../../src/transport/limits.js';
import { grpcJsClient } from '../interop/peers/grpc-js/grpc-js-client.js';
import { grpcJsServer } from '../interop/peers/grpc-js/grpc-js-server.js';
import { podwireServer } from '../interop/peers/podwire/podwire-peer.js';
import { cases } from '../interop/peers/typescript/cases.js';
import { abstractName, collect, servePodInfo } from '../server/serve-podinfo.js';
import { knowsPeers } from '../socket/knows-peers.js';
import { openDescriptors } from '../socket/open-descriptors.js';
import { recordEvents } from '../socket/recorded-events.js';
import { podInfoClient } from './pod-info-client.js';
import { type AnyCall, bindPodInfo, podInfoServer } from './pod-info-server.js';
import { answerEmpty, type RawRequest, rawServer } from './raw-server.js';
import { settled } from './settled.js';

const folder = mkdtempSync(`${tmpdir()}/podwire-`);
afterAll(() => rmSync(folder, { recursive: true }));

let sockets = 0;
const socketPath = () => `${folder}/${++sockets}.sock`;
const insecure = credentials.createInsecure();
const soon = () => Date.now() + 10_000;
const describePath = '/podinfo.v1.PodInfo/Describe';
const exchangePath = '/podinfo.v1.PodInfo/Exchange';

/** What a call is told, in order. */
function recorder(events: string[], read?: () => void) {
  let ended = (_status: StatusObject) => {};
  const end = new Promise<StatusObject>((resolve) => {
    ended = resolve;
  });
  return {
    end,
    listener: {
      onReceiveMetadata: () => events.push('metadata'),
      onReceiveMessage: () => {
        events.push('message');
        read?.();
      },
      onReceiveStatus: (received: StatusObject) => {
        events.push(`status ${received.code}`);
        ended(received);
      },
    },
  };
}

const tick = () => new Promise<void>((resolve) => process.nextTick(resolve));

describe.each([
  ['a podwire server, path', podwireServer, () => `unix://${socketPath()}`],
  ['a podwire server, abstract', podwireServer, abstractName],
  ['a grpc-js server, path', grpcJsServer, () => `unix://${socketPath()}`],
] as const)('%s', (_server, serve, address) => {
  let stop: () => unknown;
  let client: ReturnType<typeof grpcJsClient>;
  beforeAll(async () => {
    const endpoint = address();
    stop = await serve(endpoint);
    client = grpcJsClient(endpoint, { channelFactoryOverride: channelFactory() });
  });
  afterAll(async () => {
    await client.close();
    await stop();
  });

  it.each(Object.keys(cases))('%s', (name) => cases[name]?.(client));
});

describe('the backoff of the options', () => {
  it('may be any number of milliseconds that gRPC takes', () => {
    for (const pause of [0, 1, 2 ** 31 - 1]) {
      const options = { 'grpc.initial_reconnect_backoff_ms': pause, 'grpc.max_reconnect_backoff_ms': pause };
      channelFactory()('unix:/nowhere.sock', insecure, options).close();
    }
  });

  it('is refused when it is none', () => {
    const options = { 'grpc.max_reconnect_backoff_ms': Number.NaN };
    expect(() => channelFactory()('unix:/nowhere.sock', insecure, options)).toThrow(RangeError);
  });
});

describe('events and counters', () => {
  it('are those of the channel', async () => {
    await using served = await servePodInfo({
      async describe({ text }) {
        if (text === 'fail') throw new RpcError(Code.NOT_FOUND, 'not here');
        return {};
      },
    });
    using recorded = recordEvents(channelEvents, served.endpoint);
    const podinfo = createNiceClient(PodInfoDefinition, channelFactory(served.channel)());
    await podinfo.describe({});
    await expect(podinfo.describe({ text: 'fail' })).rejects.toThrow(ClientError);
    expect(recorded.of('callEnd').map(({ method, code, message }) => [method, code, message])).toEqual([
      ['podinfo.v1.PodInfo/Describe', Code.OK, ''],
      ['podinfo.v1.PodInfo/Describe', Code.NOT_FOUND, 'not here'],
    ]);
    expect(served.channel.counters).toMatchObject({ callsStarted: 2, callsSucceeded: 1, callsFailed: 1 });
  });
});

describe('nice-grpc', () => {
  it('makes all four kinds of calls', async () => {
    await using served = await servePodInfo();
    const channel = channelFactory(served.endpoint)();
    const podinfo = createNiceClient(PodInfoDefinition, channel);
    expect(await podinfo.describe({ text: 'Nice.' })).toEqual({ reply: 'Nice. And a reply from the server.' });
    expect(await collect(podinfo.watch({ sampleLimit: 1_000 }))).toHaveLength(1_000);
    const lines = (async function* () {
      for (let count = 0; count < 1_000; count++) yield { line: 'one' };
    })();
    expect(await podinfo.pushLogs(lines)).toMatchObject({ acceptedLines: 1_000n });
    const commands = (async function* () {
      for (let id = 0n; id < 100n; id++) yield { id };
    })();
    const answers = await collect(podinfo.exchange(commands));
    expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, id) => BigInt(id)));
    channel.close();
  });

  it('carries metadata, errors and signals', async () => {
    await using served = await servePodInfo({
      describe: async ({ text }, { metadata, header, trailer, signal }) => {
        header.set('x-header', `${metadata.get('x-asked')}`);
        trailer.set('x-trailer-bin', Uint8Array.of(1, 2));
        if (text === 'wait') await once(signal, 'abort');
        if (text === 'well') return {};
        throw new RpcError(Code.NOT_FOUND, 'no such pod');
      },
    });
    const channel = channelFactory(served.endpoint)();
    const podinfo = createNiceClient(PodInfoDefinition, channel);
    let header: NiceMetadata | undefined;
    let trailer: NiceMetadata | undefined;
    const metadata = NiceMetadata({ 'x-asked': 'yes' });
    const onHeader = (received: NiceMetadata) => (header = received);
    const onTrailer = (received: NiceMetadata) => (trailer = received);
    const outcome = podinfo.describe({}, { metadata, onHeader, onTrailer });
    await expect(outcome).rejects.toThrow(new ClientError(describePath, status.NOT_FOUND, 'no such pod'));
    expect(trailer?.get('x-trailer-bin')).toEqual(Buffer.of(1, 2));
    await podinfo.describe({ text: 'well' }, { metadata, onHeader });
    expect(header?.get('x-header')).toBe('yes');
    const controller = new AbortController();
    const aborted = podinfo.describe({ text: 'wait' }, { signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(aborted).rejects.toThrow('aborted');
    channel.close();
  });
});

describe('the connection', () => {
  it('is waited for', async () => {
    const endpoint = abstractName();
    using late = podInfoClient(endpoint);
    const ready = late.waitForReady(soon());
    await settled(() => late.client.getChannel().getConnectivityState(false));
    await using _served = await servePodInfo({}, { endpoint });
    await ready;
    expect(late.client.getChannel().getConnectivityState(false)).toBe(connectivityState.READY);
  });

  it('is waited for until the deadline', async () => {
    using nowhere = podInfoClient(abstractName());
    await expect(nowhere.waitForReady(Date.now() + 50)).rejects.toThrow('Failed to connect before the deadline');
    await expect(nowhere.waitForReady(new Date(0))).rejects.toThrow('Failed to connect before the deadline');
    // Nobody waits any more, so nobody dials.
    await settled(() => nowhere.client.getChannel().getConnectivityState(false));
    expect(nowhere.client.getChannel().getConnectivityState(false)).toBe(connectivityState.TRANSIENT_FAILURE);
  });

  it('is not waited for after close', async () => {
    const { client, waitForReady } = podInfoClient(abstractName());
    const early = waitForReady(soon());
    await turn();
    client.close();
    await expect(early).rejects.toThrow('The channel has been closed');
    await expect(waitForReady(soon())).rejects.toThrow('The channel has been closed');
    expect(client.getChannel().getConnectivityState(true)).toBe(connectivityState.SHUTDOWN);
    expect(() => client.getChannel().watchConnectivityState(connectivityState.IDLE, soon(), () => {})).toThrow();
  });

  it('is made when it is asked for, once', async () => {
    await using served = await servePodInfo();
    using asked = podInfoClient(served.endpoint);
    const channel = asked.client.getChannel();
    const states: string[] = [];
    const watch = (): void => {
      const state = channel.getConnectivityState(false);
      states.push(connectivityState[state]);
      if (state !== connectivityState.READY) channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, watch);
    };
    watch();
    expect(channel.getConnectivityState(true)).toBe(connectivityState.IDLE);
    await asked.waitForReady(soon());
    await tick();
    expect(states).toEqual(['IDLE', 'CONNECTING', 'READY']);
  });

  it('is tried once for a question without a watch', async () => {
    using nowhere = podInfoClient(abstractName());
    const channel = nowhere.client.getChannel();
    expect(channel.getConnectivityState(true)).toBe(connectivityState.IDLE);
    await settled(() => channel.getConnectivityState(false));
    expect(channel.getConnectivityState(false)).toBe(connectivityState.TRANSIENT_FAILURE);
  });

  it('fails calls at once, and those that wait when their time is over', async () => {
    const endpoint = `unix://${tmpdir()}/podwire-test-${randomUUID()}.sock`;
    using nowhere = podInfoClient(endpoint);
    const what = 'there is no such file; start the server, or check the path and the mounts (ENOENT)';
    await expect(nowhere.describe({})).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      details: `${what} (podinfo.v1.PodInfo/Describe at ${endpoint})`,
    });
    const metadata = new Metadata({ waitForReady: true });
    await expect(nowhere.describe({}, { metadata, deadline: Date.now() + 50 })).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
      details: expect.stringMatching(/no connection.* \(podinfo\.v1\.PodInfo\/Describe at unix:/),
    });
  });

  it('is made for calls that wait', async () => {
    const endpoint = abstractName();
    using waiting = podInfoClient(endpoint);
    const outcome = waiting.describe({ text: 'At last.' }, { metadata: new Metadata({ waitForReady: true }) });
    await settled(() => waiting.client.getChannel().getConnectivityState(false));
    await using _served = await servePodInfo({}, { endpoint });
    expect(await outcome).toEqual({ reply: 'At last. And a reply from the server.' });
  });

  it('is made again after the server was restarted', async () => {
    const endpoint = abstractName();
    const first = await servePodInfo({}, { endpoint });
    using client = podInfoClient(endpoint);
    await client.describe({});
    await first[Symbol.asyncDispose]();
    await expect(client.describe({})).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await using _second = await servePodInfo({}, { endpoint });
    expect(await client.describe({ text: 'Again.' })).toEqual({ reply: 'Again. And a reply from the server.' });
  });

  it('goes on for open calls after close, and ends with them', async () => {
    let answer = () => {};
    let began = () => {};
    const begun = new Promise<void>((resolve) => {
      began = resolve;
    });
    await using served = await servePodInfo({
      describe: () =>
        new Promise((resolve) => {
          answer = () => resolve({ reply: 'late' });
          began();
        }),
    });
    const { client, describe, methods } = podInfoClient(served.endpoint);
    const open = describe({});
    await begun;
    client.close();
    expect(() => methods.describe({}, () => {})).toThrow('closed');
    answer();
    expect(await open).toEqual({ reply: 'late' });
    await settled(() => served.server.connectionCount);
    expect(served.server.connectionCount).toBe(0);
  });

  it('fails the calls that wait for it at close', async () => {
    const { client, describe } = podInfoClient(abstractName());
    const outcome = describe({}, { metadata: new Metadata({ waitForReady: true }) });
    await turn();
    client.close();
    await expect(outcome).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  it('can be a channel of podwire that several clients share', async () => {
    await using served = await servePodInfo();
    const options: ClientOptions = { channelFactoryOverride: channelFactory(served.channel) };
    const one = podInfoClient('', options);
    using other = podInfoClient('', options);
    await one.describe({});
    one.client.close();
    await other.describe({});
    expect(served.server.connectionCount).toBe(1);
    expect(served.channel.state).toBe('ready');
  });

  it('can be inside the process', async () => {
    await using served = await servePodInfo();
    const channel = createInProcessChannel(served.server);
    using client = podInfoClient('', { channelFactoryOverride: channelFactory(channel) });
    expect(await client.describe({ text: 'Inside.' })).toEqual({ reply: 'Inside. And a reply from the server.' });
    await channel.close();
  });

  it('is told by getTarget, getPeer and the channelz reference', async () => {
    await using served = await servePodInfo();
    using client = podInfoClient(served.endpoint);
    const channel = client.client.getChannel();
    expect(channel.getTarget()).toBe(served.endpoint);
    expect(channel.getChannelzRef()).toMatchObject({ kind: 'channel', name: served.endpoint });
    const call = client.methods.describe({}, () => {});
    expect(call.getPeer()).toBe(served.endpoint);
    await once(call, 'status');
    const own = new RegExp(`^${served.endpoint} uid=${process.geteuid?.()} .*pid=${process.pid}`);
    expect(call.getPeer()).toMatch(knowsPeers ? own : served.endpoint);
  });

  it('leaves nothing behind', async () => {
    await using served = await servePodInfo({
      async *watch(_request, { signal }) {
        yield { sequence: 1n };
        await once(signal, 'abort');
      },
    });
    const round = async (): Promise<void> => {
      const clients = Array.from({ length: 5 }, () => podInfoClient(served.endpoint));
      for (const { describe, methods, waitForReady } of clients) {
        await waitForReady(soon());
        await describe({}, { deadline: soon() });
        const call = methods.watch({}, { deadline: soon() });
        call.on('error', () => {});
        await once(call, 'data');
        const ended = new Promise((resolve) => call.on('status', resolve));
        call.cancel();
        await ended;
      }
      for (const { client } of clients) client.close();
      await settled(() => served.server.connectionCount);
    };
    const state = () => ({
      descriptors: openDescriptors(folder),
      timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
      held: processReceiveBudget.held,
      connections: served.server.connectionCount,
    });
    await round();
    const before = state();
    for (let count = 0; count < 2; count++) await round();
    expect(state()).toEqual(before);
  });
});

describe('the contract of a call', () => {
  async function withChannel<Result>(
    served: { readonly endpoint: string },
    use: (channel: ChannelInterface) => Promise<Result>,
    options: ClientOptions = {},
  ): Promise<Result> {
    const channel = channelFactory()(served.endpoint, insecure, options);
    try {
      return await use(channel);
    } finally {
      channel.close();
    }
  }

  const infinite = Number.POSITIVE_INFINITY;

  it('tells nothing inside of start, then header, messages as they are asked for, and the status once', async () => {
    await using served = await servePodInfo();
    await withChannel(served, async (channel) => {
      const events: string[] = [];
      const { listener, end } = recorder(events);
      for (const ready of [false, true]) {
        events.length = 0;
        const call = channel.createCall('/podinfo.v1.PodInfo/Watch', infinite, null, null, null);
        const { listener: own, end: ended } = ready ? recorder(events) : { listener, end };
        call.start(new Metadata(), own);
        call.sendMessageWithContext({}, Buffer.from([0x10, 3]));
        call.halfClose();
        expect(events).toEqual([]);
        await settled(() => events.length);
        expect(events).toEqual(['metadata']);
        for (let count = 1; count <= 3; count++) {
          call.startRead();
          expect(events).toHaveLength(count);
          await settled(() => events.length);
          expect(events).toHaveLength(count === 3 ? 5 : 1 + count);
        }
        expect(await ended).toMatchObject({ code: status.OK });
        call.startRead();
        call.cancelWithStatus(status.CANCELLED, 'too late');
        await settled(() => events.length);
        expect(events).toEqual(['metadata', 'message', 'message', 'message', 'status 0']);
      }
    });
  });

  it("tells a server's error behind the messages it sent, one of this side at once", async () => {
    await using served = await servePodInfo({
      async *watch() {
        yield { sequence: 1n };
        yield { sequence: 2n };
        throw new RpcError(Code.ABORTED, 'enough');
      },
    });
    await withChannel(served, async (channel) => {
      for (const cancelled of [false, true]) {
        const events: string[] = [];
        const { listener, end } = recorder(events);
        const call = channel.createCall('/podinfo.v1.PodInfo/Watch', infinite, null, null, null);
        call.start(new Metadata(), listener);
        call.sendMessageWithContext({}, Buffer.alloc(0));
        call.halfClose();
        call.startRead();
        await settled(() => events.length);
        expect(events).toEqual(['metadata', 'message']);
        if (cancelled) call.cancelWithStatus(status.CANCELLED, 'enough of it');
        else call.startRead();
        expect(await end).toMatchObject({ code: status.ABORTED, details: 'enough' });
        expect(events.length).toBe(cancelled ? 3 : 4);
      }
    });
  });

  it('tells how a call ended that was cancelled before its start', async () => {
    await using served = await servePodInfo();
    await withChannel(served, async (channel) => {
      const events: string[] = [];
      const { listener, end } = recorder(events);
      const call = channel.createCall(describePath, infinite, null, null, null);
      call.cancelWithStatus(status.ABORTED, 'changed my mind');
      call.start(new Metadata(), listener);
      expect(events).toEqual([]);
      expect(await end).toMatchObject({ code: status.ABORTED, details: 'changed my mind' });
    });
  });

  it('survives a listener that throws', async () => {
    await using served = await servePodInfo();
    await withChannel(served, async (channel) => {
      const events: string[] = [];
      const { listener, end } = recorder(events);
      const call = channel.createCall(describePath, infinite, null, null, null);
      const caught: unknown[] = [];
      const handlers = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.on('uncaughtException', (error) => caught.push(error));
      call.start(new Metadata(), {
        ...listener,
        onReceiveMetadata() {
          throw new Error('from the listener');
        },
      });
      call.sendMessageWithContext({}, Buffer.alloc(0));
      call.halfClose();
      call.startRead();
      await end;
      process.removeAllListeners('uncaughtException');
      for (const handler of handlers) process.on('uncaughtException', handler);
      expect(caught).toMatchObject([{ message: 'from the listener' }]);
      expect(events).toEqual(['message', 'status 0']);
    });
  });

  it('calls back when a message is on its way, not before there is room', async () => {
    let read = () => {};
    const mayRead = new Promise<void>((resolve) => {
      read = resolve;
    });
    await using served = await servePodInfo({
      async pushLogs(requests) {
        await mayRead;
        let acceptedLines = 0n;
        for await (const _ of requests) acceptedLines++;
        return { acceptedLines };
      },
    });
    await withChannel(served, async (channel) => {
      const { listener, end } = recorder([]);
      const call = channel.createCall('/podinfo.v1.PodInfo/PushLogs', infinite, null, null, null);
      call.start(new Metadata(), listener);
      call.startRead();
      let sent = 0;
      const message = Buffer.concat([Buffer.from([0x1a, 0x80, 0x80, 0x04]), Buffer.alloc(65_536, 'x')]);
      const send = (): void => {
        if (sent === 200) return call.halfClose();
        call.sendMessageWithContext(
          {
            callback: () => {
              sent++;
              send();
            },
          },
          message,
        );
      };
      send();
      expect(sent).toBe(0);
      // 200 are 12 MiB; the server's window has 128 KiB, and the socket holds some.
      expect(await settled(() => sent)).toBeLessThan(40);
      read();
      expect(await end).toMatchObject({ code: status.OK });
      expect(sent).toBe(200);
    });
  });

  it('calls back also when the call is over', async () => {
    await using served = await servePodInfo();
    await withChannel(served, async (channel) => {
      const call = channel.createCall(exchangePath, infinite, null, null, null);
      call.start(new Metadata(), recorder([]).listener);
      call.cancelWithStatus(status.CANCELLED, 'over');
      await new Promise<void>((resolve) => call.sendMessageWithContext({ callback: () => resolve() }, Buffer.alloc(1)));
    });
  });

  it('checks its arguments', async () => {
    const channel = channelFactory()(abstractName());
    expect(() => channel.createCall(1 as never, infinite, null, null, null)).toThrow(TypeError);
    expect(() => channel.createCall(describePath, 'now' as never, null, null, null)).toThrow(TypeError);
    expect(() => channel.createCall(describePath, new Date('never'), null, null, null)).toThrow(TypeError);
    channel.close();
    expect(() => channel.createCall(describePath, infinite, null, null, null)).toThrow('closed');
  });

  it('numbers its calls', () => {
    const channel = channelFactory()(abstractName());
    const one = channel.createCall(describePath, infinite, null, null, null);
    const other = channel.createCall(describePath, infinite, null, null, null);
    expect(other.getCallNumber()).not.toBe(one.getCallNumber());
    channel.close();
  });
});

describe('on the wire', () => {
  const overRaw = (path: string, options?: ClientOptions) => podInfoClient(`unix://${path}`, options);

  it('says what a grpc-js client says', async () => {
    const path = socketPath();
    const requests: RawRequest[] = [];
    await using _server = await rawServer(path, (request) => {
      requests.push(request);
      answerEmpty(request.stream);
    });
    using client = overRaw(path, { 'grpc.primary_user_agent': 'driver/1', 'grpc.secondary_user_agent': 'last/2' });
    const metadata = new Metadata();
    metadata.add('x-twice', 'one');
    metadata.add('x-twice', 'two');
    metadata.set('x-bytes-bin', Buffer.of(0xff, 0xfe));
    metadata.set('te', 'gzip');
    metadata.set('user-agent', 'mine');
    await client.describe({ text: 'hello' }, { metadata, deadline: Date.now() + 5_000 });
    expect(requests[0]?.headers).toMatchObject({
      ':path': describePath,
      ':authority': 'localhost',
      te: 'trailers',
      'content-type': 'application/grpc',
      'user-agent': expect.stringMatching(/^driver\/1 podwire\/\S+ last\/2$/),
      'x-twice': 'one, two',
      'x-bytes-bin': '//4=',
      'grpc-timeout': expect.stringMatching(/^\d+[mun]$/),
    });
    expect(requests[0]?.headers['grpc-encoding']).toBeUndefined();
    expect((await requests[0]?.messages)?.[0]?.payload.subarray(2).toString()).toBe('hello');
    await client.describe({}, { host: 'elsewhere' });
    expect(requests[1]?.headers).toMatchObject({ ':authority': 'elsewhere' });
    expect(requests[1]?.headers['grpc-timeout']).toBeUndefined();
  });

  it('compresses as the channel says, except what may not be', async () => {
    const path = socketPath();
    const requests: RawRequest[] = [];
    await using _server = await rawServer(path, (request) => {
      requests.push(request);
      answerEmpty(request.stream, requests.length > 1 ? { 'grpc-accept-encoding': 'identity' } : {});
    });
    using client = overRaw(path, { 'grpc.default_compression_algorithm': 2 });
    const call = client.methods.pushLogs(() => {});
    call.write({ line: 'x'.repeat(1_000) });
    call.write({ line: 'x'.repeat(1_000) }, 2);
    call.end();
    await once(call, 'status');
    expect(requests[0]?.headers['grpc-encoding']).toBe('gzip');
    expect((await requests[0]?.messages)?.map(({ compressed }) => compressed)).toEqual([true, false]);
    await client.describe({ text: 'x'.repeat(1_000) });
    // This answer has said that the server knows no gzip.
    await client.describe({ text: 'x'.repeat(1_000) });
    const compressed = await Promise.all(requests.map(async ({ messages }) => (await messages)[0]?.compressed));
    expect(compressed).toEqual([true, true, false]);
    expect(requests[2]?.headers['grpc-encoding']).toBeUndefined();
  });

  it('sends a call again that the server did not look at', async () => {
    const path = socketPath();
    let refusals = 2;
    const received: number[] = [];
    await using _server = await rawServer(path, async ({ stream, messages }) => {
      if (refusals-- > 0) return stream.close(7);
      received.push(...(await messages).map(({ payload }) => payload.length));
      answerEmpty(stream);
    });
    using client = overRaw(path);
    const call = client.methods.pushLogs(() => {});
    call.write({ line: 'x'.repeat(98) });
    call.write({ line: 'x'.repeat(198) });
    const [{ code }] = (await Promise.all([once(call, 'status'), call.end()]))[0];
    expect(code).toBe(status.OK);
    expect(received).toEqual([100, 201]);
  });

  it.each([
    [{ ':status': 503 }, status.UNAVAILABLE],
    [{ ':status': 200, 'content-type': 'text/html' }, status.UNKNOWN],
    [{ ':status': 200, 'content-type': 'application/grpc', 'grpc-encoding': 'zstd' }, status.INTERNAL],
  ])('makes a status of an answer %j that is not gRPC', async (headers, code) => {
    const path = socketPath();
    await using _server = await rawServer(path, ({ stream }) => {
      stream.respond(headers);
      stream.end(Buffer.alloc(5));
    });
    using client = overRaw(path);
    await expect(client.describe({})).rejects.toMatchObject({ code });
  });

  it.each([
    [8, status.CANCELLED],
    [2, status.INTERNAL],
    [11, status.RESOURCE_EXHAUSTED],
  ])('makes a status of RST_STREAM %i', async (errorCode, code) => {
    const path = socketPath();
    await using _server = await rawServer(path, ({ stream }) => stream.close(errorCode));
    using client = overRaw(path);
    await expect(client.describe({})).rejects.toMatchObject({ code });
  });

  it('makes UNAVAILABLE of a lost connection', async () => {
    const path = socketPath();
    await using server = await rawServer(path, () => {
      for (const session of server.sessions) session.destroy();
    });
    using client = overRaw(path);
    await expect(client.describe({})).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });
});

describe('messages', () => {
  it('may be as large as the options say', async () => {
    await using served = await servePodInfo({ describe: async ({ text }) => ({ reply: text }) });
    using limited = podInfoClient(served.endpoint, {
      'grpc.max_send_message_length': 1_000,
      'grpc.max_receive_message_length': 500,
    });
    await limited.describe({ text: 'x'.repeat(400) });
    await expect(limited.describe({ text: 'x'.repeat(600) })).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
    await expect(limited.describe({ text: 'x'.repeat(1_001) })).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('the request'),
    });
    using unlimited = podInfoClient(served.endpoint, { 'grpc.max_receive_message_length': -1 });
    const text = 'x'.repeat(3 * 1024 * 1024);
    expect((await unlimited.describe({ text })).reply).toBe(text);
  });

  it('that cannot be read end the call', async () => {
    await using served = await servePodInfo();
    using client = podInfoClient(served.endpoint);
    const outcome = new Promise((_resolve, reject) => {
      client.client.makeUnaryRequest(
        describePath,
        () => Buffer.alloc(0),
        () => {
          throw new Error('unreadable');
        },
        {},
        (error) => reject(error),
      );
    });
    await expect(outcome).rejects.toMatchObject({
      code: status.INTERNAL,
      details: expect.stringContaining('unreadable'),
    });
  });

  it('wait in the server when they are not read', async () => {
    let made = 0;
    await using served = await servePodInfo({
      async *exchange() {
        while (made < 400) {
          made++;
          yield { outcome: { $case: 'output', value: 'x'.repeat(64 * 1024) } };
        }
      },
    });
    using client = podInfoClient(served.endpoint);
    const call = client.methods.exchange();
    call.end();
    call.pause();
    await once(call, 'metadata');
    // A Readable of grpc-js asks for 16; 400 would be 25 MiB.
    expect(await settled(() => made)).toBeLessThan(60);
    expect(await collect(call)).toHaveLength(400);
  });
});

describe('deadlines and cancelling', () => {
  async function serveHanging() {
    let begin = (_signal: AbortSignal) => {};
    const begun = new Promise<AbortSignal>((resolve) => {
      begin = resolve;
    });
    const served = await servePodInfo({
      describe: (_request, { signal }) => {
        begin(signal);
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
    });
    return { ...served, begun, [Symbol.asyncDispose]: () => served[Symbol.asyncDispose]() };
  }

  it.each([
    ['a number', () => Date.now() + 50],
    ['a Date', () => new Date(Date.now() + 50)],
    ['a passed one', () => new Date(0)],
    ['minus infinity', () => Number.NEGATIVE_INFINITY],
  ])('ends a call at %s', async (_what, deadline) => {
    await using served = await serveHanging();
    using client = podInfoClient(served.endpoint);
    await expect(client.describe({}, { deadline: deadline() })).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
  });

  it.each([
    ['Infinity', Number.POSITIVE_INFINITY],
    ['a Date far away', new Date(8.64e15)],
  ])('lets a call live until %s', async (_what, deadline) => {
    await using served = await servePodInfo();
    using client = podInfoClient(served.endpoint);
    await client.describe({}, { deadline });
  });

  it('tells the server of a cancel', async () => {
    await using served = await serveHanging();
    using client = podInfoClient(served.endpoint);
    const call = client.methods.describe({}, () => {});
    const signal = await served.begun;
    const aborted = once(signal, 'abort');
    call.cancel();
    const [{ code, details }] = await once(call, 'status');
    expect(code).toBe(status.CANCELLED);
    expect(details).toBe('Cancelled on client');
    await aborted;
  });

  it.each([
    ['with its deadline', propagate.DEADLINE, status.DEADLINE_EXCEEDED],
    ['with its cancel', propagate.CANCELLATION, status.CANCELLED],
  ])('ends a call that was made for another one %s', async (_what, flags, code) => {
    await using served = await serveHanging();
    using onward = podInfoClient(served.endpoint);
    let outcome: Promise<unknown> = Promise.resolve();
    let begun = () => {};
    const began = new Promise<void>((resolve) => {
      begun = resolve;
    });
    await using bound = await bindPodInfo({
      describe(parent) {
        outcome = onward.describe({}, { parent, propagate_flags: flags });
        outcome.catch(() => {});
        begun();
      },
    });
    using client = podInfoClient(bound.endpoint);
    const deadline = flags === propagate.DEADLINE ? Date.now() + 1_000 : Number.POSITIVE_INFINITY;
    const call = client.methods.describe({}, { deadline }, () => {});
    await began;
    await served.begun;
    if (flags === propagate.CANCELLATION) call.cancel();
    await expect(outcome).rejects.toMatchObject({ code });
  });

  it('does not end a call that does not inherit', async () => {
    await using served = await servePodInfo();
    using onward = podInfoClient(served.endpoint);
    let outcome: Promise<unknown> = Promise.resolve();
    let parentListeners = -1;
    await using bound = await bindPodInfo({
      describe(parent, callback) {
        const before = parent.listenerCount('cancelled');
        outcome = onward.describe({}, { parent, propagate_flags: 0 });
        parentListeners = parent.listenerCount('cancelled') - before;
        callback(null, {});
      },
    });
    using client = podInfoClient(bound.endpoint);
    await client.describe({}, { deadline: soon() });
    await outcome;
    expect(parentListeners).toBe(0);
  });

  it('lets go of the call that it was made for', async () => {
    await using served = await servePodInfo();
    using onward = podInfoClient(served.endpoint);
    let parent: AnyCall;
    await using bound = await bindPodInfo({
      async describe(call, callback) {
        parent = call;
        await onward.describe({}, { parent });
        callback(null, {});
      },
    });
    using client = podInfoClient(bound.endpoint);
    await client.describe({});
    expect(parent.listenerCount('cancelled')).toBe(0);
  });
});

describe('call credentials', () => {
  const token = (value: string) =>
    credentials.createFromMetadataGenerator((_options, callback) => {
      const metadata = new Metadata();
      metadata.set('authorization', value);
      callback(null, metadata);
    });

  async function serveEcho() {
    return await servePodInfo({
      describe: async (_request, { metadata }) => ({ reply: `${metadata.getAll('authorization')}` }),
    });
  }

  it.each([
    ['podwire', channelFactory()],
    ['grpc-js alone', undefined],
  ])('are sent over an insecure channel of %s', async (_what, channelFactoryOverride) => {
    const endpoint = `unix://${socketPath()}`;
    await using served = await servePodInfo(
      { describe: async (_request, { metadata }) => ({ reply: `${metadata.getAll('authorization')}` }) },
      { endpoint },
    );
    using client = podInfoClient(served.endpoint, { channelFactoryOverride });
    expect(await client.describe({}, { credentials: token('Bearer one') })).toEqual({ reply: 'Bearer one' });
  });

  it('know what they are for', async () => {
    await using served = await serveEcho();
    using client = podInfoClient(served.endpoint);
    let asked: unknown;
    const generator = credentials.createFromMetadataGenerator((options, callback) => {
      asked = options;
      callback(null, new Metadata());
    });
    await client.describe({}, { credentials: generator });
    expect(asked).toEqual({ method_name: describePath, service_url: 'https://localhost/podinfo.v1.PodInfo' });
  });

  it('that cannot be had end the call', async () => {
    await using served = await serveEcho();
    using client = podInfoClient(served.endpoint);
    const failing = (code?: number) =>
      credentials.createFromMetadataGenerator((_options, callback) =>
        callback(Object.assign(new Error('no token'), code !== undefined && { code })),
      );
    const details = expect.stringContaining('no token');
    await expect(client.describe({}, { credentials: failing() })).rejects.toMatchObject({
      code: status.UNKNOWN,
      details,
    });
    await expect(client.describe({}, { credentials: failing(status.UNAUTHENTICATED) })).rejects.toMatchObject({
      code: status.UNAUTHENTICATED,
      details,
    });
    // Not a code that a client may make up (gRFC A54).
    await expect(client.describe({}, { credentials: failing(status.NOT_FOUND) })).rejects.toMatchObject({
      code: status.INTERNAL,
      details,
    });
  });

  it('that come on top of others end the call', async () => {
    await using served = await serveEcho();
    using client = podInfoClient(served.endpoint);
    const both = credentials.combineCallCredentials(token('one'), token('two'));
    await expect(client.describe({}, { credentials: both })).rejects.toMatchObject({ code: status.INTERNAL });
  });

  it('of a channel with TLS are refused, not dropped', () => {
    const secure = credentials.combineChannelCredentials(ChannelCredentials.createSsl(), token('one'));
    expect(() => channelFactory()(abstractName(), secure)).toThrow('no TLS');
  });
});

describe('interceptors of grpc-js', () => {
  it('see and change a call', async () => {
    await using served = await servePodInfo({
      describe: async ({ text }, { metadata }) => ({ reply: `${text} ${metadata.get('x-added')}` }),
    });
    const seen: string[] = [];
    const interceptor: Interceptor = (options, nextCall) =>
      new InterceptingCall(
        nextCall(options),
        new RequesterBuilder()
          .withStart((metadata, _listener, next) => {
            metadata.set('x-added', 'yes');
            const observing = new ListenerBuilder()
              .withOnReceiveMetadata((received, pass) => {
                seen.push('metadata');
                pass(received);
              })
              .withOnReceiveMessage((message, pass) => {
                seen.push('message');
                pass(message);
              })
              .withOnReceiveStatus((received, pass) => {
                seen.push('status');
                pass(received);
              })
              .build();
            next(metadata, observing);
          })
          .withSendMessage((message, next) => next({ ...message, text: 'changed' }))
          .build(),
      );
    using client = podInfoClient(served.endpoint, { interceptors: [interceptor] });
    expect(await client.describe({ text: 'as it was' })).toEqual({ reply: 'changed yes' });
    expect(seen).toEqual(['metadata', 'message', 'status']);
  });

  it('can make a call again', async () => {
    let failures = 2;
    await using served = await servePodInfo({
      async describe({ text }) {
        if (failures-- > 0) throw new RpcError(Code.UNAVAILABLE, 'not yet');
        return { reply: text };
      },
    });
    // What grpc-js documents: the request is kept, and sent again on a new call when the status is bad.
    const retry: Interceptor = (options, nextCall) => {
      let request: unknown;
      let answer: unknown;
      let passAnswer = (_answer: unknown): void => {};
      const requester = new RequesterBuilder()
        .withStart((metadata, _listener, next) => {
          const again = (last: StatusObject, pass: (last: StatusObject) => void): void => {
            if (last.code !== status.UNAVAILABLE) {
              passAnswer(answer);
              return pass(last);
            }
            const call = nextCall(options);
            call.start(metadata, {
              onReceiveMetadata() {},
              onReceiveMessage: (message) => (answer = message),
              onReceiveStatus: (outcome) => again(outcome, pass),
            });
            call.sendMessage(request);
            call.halfClose();
          };
          const listener = new ListenerBuilder()
            .withOnReceiveMessage((message, pass) => {
              answer = message;
              passAnswer = pass;
            })
            .withOnReceiveStatus(again)
            .build();
          next(metadata, listener);
        })
        .withSendMessage((message, next) => {
          request = message;
          next(message);
        })
        .build();
      return new InterceptingCall(nextCall(options), requester);
    };
    using client = podInfoClient(served.endpoint, { interceptors: [retry] });
    expect(await client.describe({ text: 'third time' })).toEqual({ reply: 'third time' });
  });
});

describe('options', () => {
  it('refuse what podwire cannot do', () => {
    const uncalled = { channelFactoryOverride: channelFactory as never };
    expect(() => new Client(abstractName(), insecure, uncalled)).toThrow(
      new TypeError('channelFactory makes the factory; write channelFactory()'),
    );
    expect(() => channelFactory()('localhost:50051')).toThrow(/unix:|path|endpoint/i);
    expect(() => channelFactory()(abstractName(), null, { 'grpc.default_compression_algorithm': 1 })).toThrow(
      RangeError,
    );
  });

  it('say which of them are not heeded', async () => {
    const warned = once(process, 'warning');
    channelFactory()(abstractName(), insecure, { 'grpc.http_connect_target': 'elsewhere' }).close();
    expect((await warned)[0].message).toContain('grpc.http_connect_target');
  });

  it('of podwire count before those of grpc-js', async () => {
    await using served = await servePodInfo({}, { endpoint: `unix://${socketPath()}` });
    const factory = channelFactory({ endpoint: served.endpoint, allowServer: () => false });
    using client = podInfoClient('ignored', { channelFactoryOverride: factory });
    await expect(client.describe({})).rejects.toMatchObject({
      code: knowsPeers ? status.PERMISSION_DENIED : status.UNIMPLEMENTED,
    });
  });

  it('waitForReady of the factory is the default of its calls', async () => {
    const factory = channelFactory({ waitForReady: true });
    using client = podInfoClient(abstractName(), { channelFactoryOverride: factory });
    await expect(client.describe({}, { deadline: Date.now() + 50 })).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
  });
});

it("runs the listeners in the caller's AsyncLocalStorage", async () => {
  const storage = new AsyncLocalStorage<string>();
  await using served = await servePodInfo();
  using client = podInfoClient(served.endpoint);
  await storage.run('connecting', () => client.describe({}));
  const seen = await storage.run(
    'calling',
    () => new Promise((resolve) => client.methods.describe({}, () => resolve(storage.getStore()))),
  );
  expect(seen).toBe('calling');
});

it('reaches a grpc-js server that was started without podwire', async () => {
  const endpoint = `unix://${socketPath()}`;
  const server = podInfoServer();
  await new Promise((resolve) => server.bindAsync(endpoint, ServerCredentials.createInsecure(), resolve));
  const channel = createChannel(endpoint, { allowServer: knowsPeers ? sameUser() : anyone() });
  using client = podInfoClient('', { channelFactoryOverride: channelFactory(channel) });
  expect(await client.describe({ text: 'Hello.' })).toEqual({ reply: 'Hello. And a reply from the server.' });
  await channel.close();
  server.forceShutdown();
});
