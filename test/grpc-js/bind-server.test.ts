import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { type ChannelOptions, createChannel } from '../../src/client/channel.js';
import { createClient } from '../../src/client/client.js';
import { bindServer, peerOf } from '../../src/grpc-js/index.js';
import { Code } from '../../src/rpc/code.js';
import { serverEvents } from '../../src/server/server-events.js';
import type { Peer } from '../../src/socket/peer.js';
import { processReceiveBudget } from '../../src/transport/limits.js';
import { rejection } from '../client/rejection.js';
import { grpcJsClient } from '../interop/peers/grpc-js/grpc-js-client.js';
import { grpcJsServer } from '../interop/peers/grpc-js/grpc-js-server.js';
import { podwireClient } from '../interop/peers/podwire/podwire-peer.js';
import { cases } from '../interop/peers/typescript/cases.js';
import { openRawClient, rawMessage } from '../server/raw-client.js';
import { abstractName, allowOwn } from '../server/serve-podinfo.js';
import { knowsPeers } from '../socket/knows-peers.js';
import { openDescriptors } from '../socket/open-descriptors.js';
import { recordEvents } from '../socket/recorded-events.js';
import { type AnyCall, bindPodInfo, podInfoServer } from './pod-info-server.js';
import { fieldOf, rawCall } from './raw-call.js';
import { settled } from './settled.js';

const folder = mkdtempSync(`${tmpdir()}/podwire-`);
afterAll(() => rmSync(folder, { recursive: true }));

let sockets = 0;
const socketPath = () => `${folder}/${++sockets}.sock`;

function connect(endpoint: string, options?: ChannelOptions) {
  const channel = createChannel(endpoint, options);
  return {
    channel,
    podinfo: createClient(PodInfoDefinition, channel),
    [Symbol.asyncDispose]: () => channel.close(),
  };
}

/** An answer of 256 KiB. */
const large = { outcome: { $case: 'output', value: 'x'.repeat(256 * 1024) } };

async function* nothing() {}

const tryShutdown = (server: Server) =>
  new Promise<void>((resolve, reject) => server.tryShutdown((error) => (error ? reject(error) : resolve())));

/** A call that a handler has begun and does not answer yet. */
function heldCall() {
  let began = (_call: AnyCall) => {};
  const begun = new Promise<AnyCall>((resolve) => {
    began = resolve;
  });
  let answer = () => {};
  const describe = (call: AnyCall, callback: AnyCall) => {
    answer = () => callback(null, { reply: 'late' });
    began(call);
  };
  return { describe, begun, answer: () => answer() };
}

describe('authorities', () => {
  it.each([
    ['a host', [':authority', 'localhost']],
    ['a socket path', [':authority', '/run/csi/csi.sock']],
    ['an abstract name', [':authority', '@podinfo']],
    ['an escaped path', [':authority', '%2Frun%2Fcsi%2Fcsi.sock']],
    ['a path in a host field', ['host', '/run/csi/csi.sock']],
    ['nothing', [':authority', '']],
    ['no authority', []],
  ])('answers a call to %s', async (_what, authority) => {
    await using bound = await bindPodInfo();
    const fields = [':method', 'POST', ':scheme', 'http', ':path', '/podinfo.v1.PodInfo/Describe', ...authority];
    const { trailers, failure } = await rawCall(bound.endpoint, [
      ...fields,
      'te',
      'trailers',
      'content-type',
      'application/grpc',
    ]);
    expect(failure).toBeUndefined();
    expect(fieldOf(trailers, 'grpc-status')).toBe('0');
  });

  it('tells the handler that the host is localhost', async () => {
    let host = '';
    await using bound = await bindPodInfo({
      describe(call, callback) {
        host = call.getHost();
        callback(null, {});
      },
    });
    await using client = connect(bound.endpoint);
    await client.podinfo.describe({});
    expect(host).toBe('localhost');
  });
});

describe.each([
  ['podwire', 'path', podwireClient],
  ['podwire', 'abstract', podwireClient],
  ['grpc-js', 'path', (endpoint: string) => grpcJsClient(endpoint)],
] as const)("%s's client, %s", (_client, kind, connectTo) => {
  let stop: () => void;
  let client: ReturnType<typeof podwireClient>;
  beforeAll(async () => {
    const endpoint = kind === 'path' ? `unix://${socketPath()}` : abstractName();
    stop = await grpcJsServer(endpoint, (server) => bindServer(server, endpoint, allowOwn(endpoint)));
    client = connectTo(endpoint);
  });
  afterAll(async () => {
    await client.close();
    stop();
  });

  it.each(Object.keys(cases))('%s', (name) => cases[name]?.(client));
});

describe('who calls', () => {
  it('tells handlers, in words and as an object', async () => {
    let words = '';
    let peer: Peer | undefined;
    await using bound = await bindPodInfo({
      describe(call, callback) {
        words = call.getPeer();
        peer = peerOf(call);
        callback(null, {});
      },
    });
    await using client = connect(bound.endpoint);
    await client.podinfo.describe({});
    const own = { uid: process.geteuid?.(), pid: process.pid };
    expect(peer).toMatchObject({ ...(knowsPeers && own), endpoint: bound.endpoint });
    const ids = knowsPeers ? ` uid=${peer?.uid} gid=${peer?.gid} pid=${process.pid}` : '';
    expect(words).toContain(`${bound.endpoint}${ids} connection=`);
  });

  it('tells connections apart', async () => {
    const names: string[] = [];
    await using bound = await bindPodInfo({
      describe(call, callback) {
        names.push(call.getPeer());
        callback(null, {});
      },
    });
    await using one = connect(bound.endpoint);
    await using other = connect(bound.endpoint);
    for (const { podinfo } of [one, other, one]) await podinfo.describe({});
    expect(names[2]).toBe(names[0]);
    expect(names[1]).not.toBe(names[0]);
  });

  it('remembers what it told when the connection is gone', async () => {
    const held = heldCall();
    await using bound = await bindPodInfo(held);
    const client = connect(bound.endpoint);
    const outcome = rejection(client.podinfo.describe({}));
    const call = await held.begun;
    const peer = peerOf(call);
    const cancelled = once(call, 'cancelled');
    await client.channel.close();
    await Promise.all([outcome, cancelled]);
    expect(peer?.pid).toBe(knowsPeers ? process.pid : undefined);
    expect(peerOf(call)).toBe(peer);
  });

  it('knows nothing of calls that came another way', async () => {
    let peer: Peer | undefined | null = null;
    const server = podInfoServer({
      describe(call, callback) {
        peer = peerOf(call);
        callback(null, {});
      },
    });
    const endpoint = `unix://${socketPath()}`;
    await new Promise((resolve) => server.bindAsync(endpoint, ServerCredentials.createInsecure(), resolve));
    await using client = connect(endpoint);
    await client.podinfo.describe({});
    server.forceShutdown();
    expect(peer).toBeUndefined();
  });

  if (knowsPeers) {
    it('refuses peers that the policy does not allow, before the server hears of them', async () => {
      let calls = 0;
      await using bound = await bindPodInfo({ describe: () => calls++ }, { allowPeer: () => false });
      await using client = connect(bound.endpoint);
      expect(await rejection(client.podinfo.describe({}))).toMatchObject({ code: Code.PERMISSION_DENIED });
      expect(calls).toBe(0);
      expect(bound.listener.counters).toMatchObject({ accepted: 0, refused: 1 });
    });
  } else {
    it('refuses a policy where nobody can tell who calls', async () => {
      await expect(bindPodInfo({}, { allowPeer: () => true })).rejects.toMatchObject({
        code: 'ERR_PODWIRE_UNSUPPORTED',
        message: expect.stringContaining('allowPeer: anyone()'),
      });
    });
  }
});

describe('events and counters', () => {
  it('are those of a server of podwire', async () => {
    await using bound = await bindPodInfo({
      describe(call, callback) {
        if (call.request.text === 'fail') callback({ code: Code.NOT_FOUND, details: 'not here' });
        else if (call.request.text !== 'hang') callback(null, {});
      },
    });
    const { listener } = bound;
    using recorded = recordEvents(serverEvents, listener.address);
    const client = connect(bound.endpoint);
    await client.podinfo.describe({});
    await rejection(client.podinfo.describe({ text: 'fail' }));
    const controller = new AbortController();
    const cancelled = rejection(client.podinfo.describe({ text: 'hang' }, { signal: controller.signal }));
    while (listener.counters.callsStarted < 3) await turn();
    controller.abort();
    await cancelled;
    while (listener.counters.callsFailed < 2) await turn();
    await client.channel.close();
    while (listener.counters.disconnected < 1) await turn();
    expect(recorded.of('callEnd').map(({ method, code, message }) => [method, code, message])).toEqual([
      ['podinfo.v1.PodInfo/Describe', Code.OK, 'OK'],
      ['podinfo.v1.PodInfo/Describe', Code.NOT_FOUND, 'not here'],
      ['podinfo.v1.PodInfo/Describe', Code.CANCELLED, expect.any(String)],
    ]);
    expect(recorded.of('disconnected')).toMatchObject([{ reason: 'the client said that it was done' }]);
    const counts = { callsStarted: 3, callsSucceeded: 1, callsFailed: 2, callsCancelled: 1, resetsReceived: 1 };
    expect(listener.counters).toMatchObject({ accepted: 1, disconnected: 1, ...counts });
  });

  it('have the method that a call is of, whatever its authority', async () => {
    await using bound = await bindPodInfo();
    using recorded = recordEvents(serverEvents, bound.endpoint);
    const fields = [
      ':method',
      'POST',
      ':scheme',
      'http',
      ':authority',
      ':path',
      ':path',
      '/podinfo.v1.PodInfo/Describe',
    ];
    await rawCall(bound.endpoint, [...fields, 'te', 'trailers', 'content-type', 'application/grpc']);
    expect(recorded.of('callStart').map(({ method }) => method)).toEqual(['podinfo.v1.PodInfo/Describe']);
  });
});

describe('flow control', () => {
  it('makes a server wait for a client that does not read', async () => {
    let written = 0;
    await using bound = await bindPodInfo({
      async exchange(call) {
        while (written < 400 && !call.cancelled) {
          written++;
          if (!call.write(large)) await once(call, 'drain');
        }
        call.end();
      },
    });
    await using client = connect(bound.endpoint);
    const answers = client.podinfo.exchange(nothing())[Symbol.asyncIterator]();
    await answers.next();
    // Some lie in the windows and buffers of four hops; 400 would be 100 MiB.
    expect(await settled(() => written)).toBeLessThan(40);
    let read = 1;
    while (!(await answers.next()).done) read++;
    expect(read).toBe(400);
  });

  it('makes a client wait for a handler that does not read', async () => {
    let made = 0;
    let read = () => {};
    await using bound = await bindPodInfo({
      pushLogs(call, callback) {
        let acceptedLines = 0n;
        read = () => {
          call.on('data', () => acceptedLines++);
          call.on('end', () => callback(null, { acceptedLines }));
        };
      },
    });
    await using client = connect(bound.endpoint);
    const line = 'x'.repeat(256 * 1024);
    const outcome = client.podinfo.pushLogs(
      (async function* () {
        while (made < 400) {
          made++;
          yield { line };
        }
      })(),
    );
    expect(await settled(() => made)).toBeLessThan(40);
    read();
    expect(await outcome).toMatchObject({ acceptedLines: 400n });
  });

  it('does not let one call that is not read hold up the others', async () => {
    await using bound = await bindPodInfo({
      exchange(call) {
        for (let count = 0; count < 20; count++) call.write(large);
        call.end();
      },
    });
    await using client = connect(bound.endpoint);
    const unread = client.podinfo.exchange(nothing())[Symbol.asyncIterator]();
    await unread.next();
    for (let count = 0; count < 50; count++) await client.podinfo.describe({ text: 'x'.repeat(100_000) });
    await unread.return?.();
  });

  it('counts what it holds and gives it back', async () => {
    const before = processReceiveBudget.held;
    await using bound = await bindPodInfo({ pushLogs() {} });
    const client = connect(bound.endpoint);
    const outcome = rejection(
      client.podinfo.pushLogs(
        (async function* () {
          for (;;) yield { line: 'x'.repeat(100_000) };
        })(),
      ),
    );
    await settled(() => processReceiveBudget.held);
    expect(processReceiveBudget.held).toBeGreaterThan(before);
    await client.channel.close();
    await outcome;
    await settled(() => processReceiveBudget.held);
    expect(processReceiveBudget.held).toBe(before);
  });
});

describe('a server that answers before it was told all', () => {
  it.each([
    ['a status', (callback: AnyCall) => callback({ code: Code.ABORTED, details: 'enough' }), Code.ABORTED],
    ['a message', (callback: AnyCall) => callback(null, { acceptedLines: 1n }), Code.OK],
  ])('gets %s through, and nothing stays behind', async (_what, answer, code) => {
    const before = processReceiveBudget.held;
    await using bound = await bindPodInfo({ pushLogs: (_call, callback) => answer(callback) });
    await using client = connect(bound.endpoint);
    for (let count = 0; count < 5; count++) {
      const outcome = client.podinfo.pushLogs(
        (async function* () {
          for (;;) yield { line: 'x'.repeat(50_000) };
        })(),
      );
      if (code === Code.OK) expect(await outcome).toMatchObject({ acceptedLines: 1n });
      else expect(await rejection(outcome)).toMatchObject({ code });
    }
    await settled(() => processReceiveBudget.held);
    expect(processReceiveBudget.held).toBe(before);
  });
});

describe('limits', () => {
  it('are those of the socket: the others are options of the grpc-js server', async () => {
    // @ts-expect-error: nor by the compiler
    const bound = bindPodInfo({}, { limits: { maxReceiveMessageLength: 1 } });
    await expect(bound).rejects.toThrow(
      'bindServer has no limit "maxReceiveMessageLength"; its limits are streamWindow',
    );
  });

  it('answers a header that is too large with a status', async () => {
    await using bound = await bindPodInfo({}, { limits: { maxHeaderListSize: 1_024 } });
    const fields = [':method', 'POST', ':scheme', 'http', ':path', '/podinfo.v1.PodInfo/Describe', 'te', 'trailers'];
    const { trailers } = await rawCall(bound.endpoint, [
      ...fields,
      'content-type',
      'application/grpc',
      'x-large',
      'x'.repeat(2_000),
    ]);
    expect(fieldOf(trailers, 'grpc-status')).toBe(`${Code.RESOURCE_EXHAUSTED}`);
  });

  it("keeps to the server's own limit of messages", async () => {
    await using bound = await bindPodInfo({}, { server: { 'grpc.max_receive_message_length': 1_000 } });
    await using client = connect(bound.endpoint);
    expect(await rejection(client.podinfo.describe({ text: 'x'.repeat(2_000) }))).toMatchObject({
      code: Code.RESOURCE_EXHAUSTED,
    });
  });

  it('takes nothing but a grpc-js server', async () => {
    const message = 'bindServer takes a grpc-js Server, 1.11 or newer: bindServer(new Server(), endpoint)';
    await expect(bindServer({} as never, abstractName())).rejects.toThrow(new TypeError(message));
    await expect(bindServer(undefined as never, abstractName())).rejects.toThrow(new TypeError(message));
  });

  it("keeps to the server's own limit of streams", async () => {
    const held = heldCall();
    await using bound = await bindPodInfo(held, { server: { 'grpc.max_concurrent_streams': 1 } });
    await using client = connect(bound.endpoint);
    const first = client.podinfo.describe({});
    await held.begun;
    expect(await rejection(client.podinfo.describe({}))).toMatchObject({ code: Code.UNAVAILABLE });
    held.answer();
    expect(await first).toEqual({ reply: 'late' });
  });

  it.each(['tcp://127.0.0.1:1', 'x.sock'])('rejects %s and leaves the server as it was', async (endpoint) => {
    const server = podInfoServer();
    await expect(bindServer(server, endpoint)).rejects.toThrow();
    await tryShutdown(server);
  });

  it('rejects a name that is taken and leaves the server as it was', async () => {
    await using bound = await bindPodInfo();
    const server = podInfoServer();
    await expect(bindServer(server, bound.endpoint, allowOwn(bound.endpoint))).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await tryShutdown(server);
  });
});

describe('the end', () => {
  it('lets open calls finish when the server shuts down, takes no others, and stops listening', async () => {
    const held = heldCall();
    await using bound = await bindPodInfo(held);
    await using client = connect(bound.endpoint);
    const call = client.podinfo.describe({});
    await held.begun;
    const shutDown = tryShutdown(bound.server);
    await refusal(bound.endpoint);
    held.answer();
    expect(await call).toEqual({ reply: 'late' });
    await shutDown;
    await bound.listener.drain();
    expect(bound.listener.connectionCount).toBe(0);
  });

  it('is not drained before its last answer has gone to a client that reads late', async () => {
    // Of 96 KiB 64 fit into the client's window; the rest waits here, and grpc-js is done with it.
    let drained = false;
    await using bound = await bindPodInfo({
      exchange(call) {
        for (let count = 0; count < 6; count++) call.write({ outcome: { $case: 'output', value: 'x'.repeat(16_384) } });
        call.end();
      },
    });
    await using client = connect(bound.endpoint, { limits: { streamWindow: 65_536 } });
    const answers = client.podinfo.exchange(nothing())[Symbol.asyncIterator]();
    await answers.next();
    await settled(() => processReceiveBudget.held);
    const shutDown = bound.listener.drain().then(() => {
      drained = true;
    });
    await settled(() => Number(drained));
    expect(drained).toBe(false);
    let read = 1;
    while (!(await answers.next()).done) read++;
    expect(read).toBe(6);
    await shutDown;
  });

  it('drains: takes no calls, lets the open ones finish, and leaves the server to others', async () => {
    const held = heldCall();
    await using bound = await bindPodInfo(held);
    await using client = connect(bound.endpoint);
    const call = client.podinfo.describe({});
    await held.begun;
    const drained = bound.listener.drain();
    await refusal(bound.endpoint);
    while (client.channel.state === 'ready') await turn();
    expect(await rejection(client.podinfo.pushLogs(nothing()))).toMatchObject({ code: Code.UNAVAILABLE });
    held.answer();
    expect(await call).toEqual({ reply: 'late' });
    await drained;
    await using again = await bindServer(bound.server, bound.endpoint, allowOwn(bound.endpoint));
    expect(await client.podinfo.pushLogs(nothing())).toMatchObject({ acceptedLines: 0n });
    expect(again.counters.accepted).toBe(1);
  });

  it('ends open calls with UNAVAILABLE when the server is shut down by force', async () => {
    const held = heldCall();
    await using bound = await bindPodInfo(held);
    await using client = connect(bound.endpoint);
    const outcome = rejection(client.podinfo.describe({}));
    await held.begun;
    bound.server.forceShutdown();
    expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE });
    expect(await rejection(client.podinfo.describe({}))).toMatchObject({ code: Code.UNAVAILABLE });
  });

  it('takes no connections after close, and lets the open ones go on', async () => {
    await using bound = await bindPodInfo();
    await using client = connect(bound.endpoint);
    await client.podinfo.describe({});
    await bound.listener.close();
    await refusal(bound.endpoint);
    expect(await client.podinfo.describe({ text: 'Still here.' })).toMatchObject({
      reply: 'Still here. And a reply from the server.',
    });
  });

  it('serves on when a connection has reached its age', async () => {
    await using bound = await bindPodInfo(
      {},
      { server: { 'grpc.max_connection_age_ms': 50, 'grpc.max_connection_age_grace_ms': 1_000 } },
    );
    const names = new Set<number>();
    await using client = connect(bound.endpoint);
    while (names.size < 3) {
      await client.podinfo.describe({}, { waitForReady: true });
      names.add(bound.listener.counters.accepted);
    }
    expect(bound.listener.counters.accepted).toBeGreaterThanOrEqual(3);
  });

  it('tells handlers when the client has vanished', async () => {
    const held = heldCall();
    const path = socketPath();
    await using _bound = await bindPodInfo(held, { endpoint: `unix://${path}` });
    const client = openRawClient(path);
    client
      .request('/podinfo.v1.PodInfo/Describe')
      .on('error', () => {})
      .end(rawMessage(0));
    const cancelled = once(await held.begun, 'cancelled');
    client.session.destroy();
    await cancelled;
  });

  it('does not mind a peer that says nothing, or nonsense', async () => {
    const path = socketPath();
    await using bound = await bindPodInfo({}, { endpoint: `unix://${path}`, limits: { handshakeTimeoutMs: 50 } });
    for (const words of ['', 'GET / HTTP/1.1\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']) {
      const socket = createConnection(path);
      socket.write(words);
      socket.resume();
      await once(socket, 'close');
    }
    await using client = connect(bound.endpoint);
    expect(await client.podinfo.describe({ text: 'Well.' })).toMatchObject({
      reply: 'Well. And a reply from the server.',
    });
  });

  it('leaves nothing behind', async () => {
    const round = async (): Promise<void> => {
      const held = heldCall();
      const bound = await bindPodInfo(held, { endpoint: `unix://${socketPath()}` });
      const clients = Array.from({ length: 5 }, () => connect(bound.endpoint));
      await Promise.all(clients.map(({ podinfo }) => podinfo.pushLogs(nothing())));
      const outcome = rejection(clients[0]!.podinfo.describe({}));
      await held.begun;
      await Promise.all(clients.map(({ channel }) => channel.close()));
      await outcome;
      await bound.listener.drain();
      await tryShutdown(bound.server);
      await turn();
    };
    const state = () => ({
      descriptors: openDescriptors(folder),
      timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
      listeners: process.eventNames().map((name) => [name, process.listenerCount(name)]),
      held: processReceiveBudget.held,
    });
    await round();
    await settled(() => openDescriptors(folder).length);
    const before = state();
    for (let count = 0; count < 3; count++) await round();
    await settled(() => openDescriptors(folder).length);
    expect(state()).toEqual(before);
  });
});

/** Waits until nobody listens any more. */
async function refusal(endpoint: string): Promise<void> {
  for (;;) {
    await using client = connect(endpoint);
    const error = await client.podinfo.pushLogs(nothing()).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) continue;
    expect(error).toMatchObject({ code: Code.UNAVAILABLE });
    return;
  }
}
