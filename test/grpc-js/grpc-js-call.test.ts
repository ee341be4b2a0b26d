import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { type CallProperties, type ClientOptions, InterceptingCall, Metadata, status } from '@grpc/grpc-js';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { channelFactory } from '../../src/grpc-js/index.js';
import { abstractName, servePodInfo } from '../server/serve-podinfo.js';
import { knowsPeers } from '../socket/knows-peers.js';
import { podInfoClient } from './pod-info-client.js';
import type { AnyCall } from './pod-info-server.js';
import { rawServer } from './raw-server.js';

const folder = mkdtempSync(`${tmpdir()}/podwire-`);
afterAll(() => rmSync(folder, { recursive: true }));

let sockets = 0;
const socketPath = () => `${folder}/${++sockets}.sock`;
const header = { ':status': 200, 'content-type': 'application/grpc' };
const emptyMessage = Buffer.alloc(5);
const soon = () => Date.now() + 10_000;

type Answer = (stream: ServerHttp2Stream) => void;

function answer(body: Uint8Array, trailers: OutgoingHttpHeaders): Answer {
  return (stream) => {
    stream.respond(header, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end(body);
  };
}

const only =
  (headers: OutgoingHttpHeaders): Answer =>
  (stream) =>
    stream.respond(headers, { endStream: true });

const gone = { 'grpc-status': '5', 'grpc-message': 'no such%20pod', 'x-why-bin': 'AQI=' };

/** What a unary call comes to: the same over grpc-js's own channel. */
const answers: Readonly<Record<string, [Answer, code: number, details?: string]>> = {
  'no message and OK': [answer(Buffer.alloc(0), { 'grpc-status': '0' }), 12, 'No message received'],
  'nothing but the status OK': [only({ ...header, 'grpc-status': '0' }), 12, 'No message received'],
  'nothing but a status': [only({ ...header, ...gone }), 5, 'no such pod'],
  'a message and a status': [answer(emptyMessage, gone), 5, 'no such pod'],
  'a message and no status': [answer(emptyMessage, { 'x-more': 'yes' }), 2],
  'HTTP 401': [only({ ':status': 401 }), 16],
  'HTTP 404': [only({ ':status': 404 }), 12],
  'what is no message of this type': [
    answer(Buffer.of(0, 0, 0, 0, 2, 0x0a, 0x7f), { 'grpc-status': '0' }),
    13,
    'Response message parsing error: premature EOF',
  ],
};

/** Where grpc-js gives the application what no gRPC server may send, or says OK of half a message. */
const strictAnswers: Readonly<Record<string, [Answer, code: number]>> = {
  'a status that is no number': [answer(emptyMessage, { 'grpc-status': 'NaN' }), 2],
  'a status that gRPC does not have': [answer(emptyMessage, { 'grpc-status': '99' }), 2],
  'half a message and OK': [answer(Buffer.of(0, 0, 0, 0, 9, 1), { 'grpc-status': '0' }), 13],
  'a compressed message in no encoding': [answer(Buffer.of(1, 0, 0, 0, 0), { 'grpc-status': '0' }), 13],
  'a flag that gRPC does not have': [answer(Buffer.of(7, 0, 0, 0, 0), { 'grpc-status': '0' }), 13],
};

async function unaryOutcome(run: Answer, options: ClientOptions = {}) {
  const path = socketPath();
  await using _server = await rawServer(path, ({ stream }) => run(stream));
  using client = podInfoClient(`unix://${path}`, options);
  return await client.describe({}, { deadline: soon() }).then(
    () => ({ code: status.OK, details: '', metadata: new Metadata() }),
    ({ code, details, metadata }) => ({ code, details, metadata: metadata as Metadata }),
  );
}

describe('a unary call that is answered with', () => {
  it.each(Object.entries(answers))('%s ends as over a channel of grpc-js', async (_what, [run, code, details]) => {
    const own = await unaryOutcome(run, { channelFactoryOverride: undefined });
    const podwire = await unaryOutcome(run);
    expect(podwire).toMatchObject({ code, ...(details !== undefined && { details }) });
    expect(own).toMatchObject({ code, ...(details !== undefined && { details }) });
    for (const { metadata } of [own, podwire]) metadata.remove('date');
    expect(podwire.metadata.toJSON()).toEqual(own.metadata.toJSON());
  });

  it.each(Object.entries(strictAnswers))('%s fails', async (_what, [run, code]) => {
    expect(await unaryOutcome(run)).toMatchObject({ code });
  });
});

describe('a call', () => {
  it('has no identity of TLS, and says who the server is once it is connected', async () => {
    await using served = await servePodInfo();
    using client = podInfoClient(served.endpoint);
    const call = client.methods.describe({}, () => {});
    expect(call.getPeer()).toBe(served.endpoint);
    await once(call, 'status');
    expect(call.getAuthContext()).toEqual({});
    expect(call.getPeer()).toContain(knowsPeers ? `pid=${process.pid}` : served.endpoint);
  });

  it('ends once, however often it is cancelled', async () => {
    await using served = await servePodInfo({ describe: () => new Promise(() => {}) });
    using client = podInfoClient(served.endpoint);
    let answers = 0;
    const statuses: number[] = [];
    const call = client.methods.describe({}, () => answers++);
    call.on('status', ({ code }: { code: number }) => statuses.push(code));
    call.cancel();
    call.cancel();
    await once(call, 'status');
    call.cancel();
    await client.describe({}, { deadline: Date.now() + 1 }).catch(() => {});
    expect({ answers, statuses }).toEqual({ answers: 1, statuses: [status.CANCELLED] });
  });

  it('ends at its deadline also when the server is first and says CANCELLED', async () => {
    const path = socketPath();
    await using _server = await rawServer(path, async ({ stream }) => {
      const from = performance.now();
      while (performance.now() - from < 30) await turn();
      only({ ...header, 'grpc-status': '1', 'grpc-message': 'Timeout expired' })(stream);
    });
    // Nobody's timer: what tells the client is the server's answer alone.
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      using client = podInfoClient(`unix://${path}`);
      const described = client.describe({}, { deadline: Date.now() + 20 });
      await expect(described).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    } finally {
      vi.useRealTimers();
    }
  });

  it('takes options of its metadata that do not concern it', async () => {
    await using served = await servePodInfo();
    using client = podInfoClient(served.endpoint);
    const metadata = new Metadata({ idempotentRequest: true, cacheableRequest: true, corked: true });
    expect(await client.describe({ text: 'Yes.' }, { metadata })).toEqual({
      reply: 'Yes. And a reply from the server.',
    });
  });

  it('leaves the metadata of the caller as it was', async () => {
    await using served = await servePodInfo();
    using client = podInfoClient(served.endpoint);
    const metadata = new Metadata();
    metadata.set('x-asked', 'yes');
    await client.describe({}, { metadata });
    await client.describe({}, { metadata });
    expect(metadata.toJSON()).toEqual({ 'x-asked': ['yes'] });
  });
});

describe('what a grpc-js client can be made with', () => {
  it('a channel that is there already', async () => {
    await using served = await servePodInfo();
    const channelOverride = channelFactory(served.endpoint)();
    using client = podInfoClient('', { channelOverride, channelFactoryOverride: undefined });
    expect(await client.describe({ text: 'Here.' })).toEqual({ reply: 'Here. And a reply from the server.' });
    expect(client.client.getChannel()).toBe(channelOverride);
  });

  it('a transformer of calls', async () => {
    await using served = await servePodInfo({
      describe: async (_request, { metadata }) => ({ reply: `${metadata.get('x-added')}` }),
    });
    const added = new Metadata();
    added.set('x-added', 'by the transformer');
    const callInvocationTransformer = (properties: CallProperties<AnyCall, AnyCall>) => ({
      ...properties,
      metadata: added,
    });
    using client = podInfoClient(served.endpoint, { callInvocationTransformer });
    expect(await client.describe({})).toEqual({ reply: 'by the transformer' });
  });

  it('providers of interceptors, of which those of a call come instead of those of the client', async () => {
    await using served = await servePodInfo();
    const seen: string[] = [];
    const provider = (name: string) => (method: { path: string }) => (options: AnyCall, nextCall: AnyCall) => {
      seen.push(`${name} ${method.path}`);
      return new InterceptingCall(nextCall(options));
    };
    using client = podInfoClient(served.endpoint, { interceptor_providers: [provider('client')] });
    await client.describe({});
    await client.describe({}, { interceptor_providers: [provider('call')] });
    expect(seen).toEqual(['client /podinfo.v1.PodInfo/Describe', 'call /podinfo.v1.PodInfo/Describe']);
  });

  it('a deadline that an interceptor sets', async () => {
    await using served = await servePodInfo({ describe: () => new Promise(() => {}) });
    const interceptor = (options: AnyCall, nextCall: AnyCall) =>
      new InterceptingCall(nextCall({ ...options, deadline: Date.now() + 30 }));
    using client = podInfoClient(served.endpoint, { interceptors: [interceptor] });
    await expect(client.describe({}, { deadline: soon() })).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
  });

  it('an interceptor that starts the call later, when messages wait already', async () => {
    await using served = await servePodInfo();
    const interceptor = (options: AnyCall, nextCall: AnyCall) =>
      new InterceptingCall(nextCall(options), {
        start: (metadata, listener, next) => void setImmediate(() => next(metadata, listener)),
      });
    using client = podInfoClient(served.endpoint, { interceptors: [interceptor] });
    expect(await client.describe({ text: 'Late.' })).toEqual({ reply: 'Late. And a reply from the server.' });
  });

  it('an interceptor that answers by itself, so that nobody is dialed', async () => {
    const interceptor = () =>
      new InterceptingCall(null as never, {
        start(_metadata, listener, _next) {
          listener.onReceiveMetadata(new Metadata());
          listener.onReceiveMessage({ reply: 'cached' });
          listener.onReceiveStatus({ code: status.OK, details: '', metadata: new Metadata() });
        },
        sendMessage() {},
        halfClose() {},
      });
    using client = podInfoClient(abstractName(), { interceptors: [interceptor as AnyCall] });
    expect(await client.describe({})).toEqual({ reply: 'cached' });
  });
});
