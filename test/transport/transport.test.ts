import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConnectionError } from '../../src/http2/connection-error.js';
import type { Http2Stream } from '../../src/http2/stream.js';
import type { StreamFailure, StreamHandler } from '../../src/http2/stream-handler.js';
import type { ByteStream } from '../../src/transport/byte-stream.js';
import type { KeepaliveOptions } from '../../src/transport/keepalive.js';
import { processReceiveBudget, resolveServerLimits, type ServerLimits } from '../../src/transport/limits.js';
import { memoryStreamPair } from '../../src/transport/memory-stream.js';
import { OutgoingMessages } from '../../src/transport/outgoing-messages.js';
import { SocketStream } from '../../src/transport/socket-stream.js';
import { Transport } from '../../src/transport/transport.js';
import { overwritten } from './overwritten-stream.js';

const fields = [':method', 'POST', ':scheme', 'http', ':path', '/'];

/** A transport and what it told its owner. */
class Side {
  readonly transport: Transport;
  readonly streams: Http2Stream[] = [];
  readonly failures: StreamFailure[] = [];
  readonly received: Buffer[] = [];
  readonly ready: Promise<void>;
  readonly ended: Promise<ConnectionError | undefined>;
  readonly closed: Promise<void>;
  /** What happens with the octets that come: they are given back, unless the test says otherwise. */
  onData = (stream: Http2Stream, payload: Uint8Array) => stream.release(payload.length);

  constructor(
    stream: ByteStream,
    role: 'client' | 'server',
    options: { limits?: Partial<ServerLimits>; keepalive?: KeepaliveOptions } = {},
  ) {
    let onReady!: () => void;
    let onEnd!: (error: ConnectionError | undefined) => void;
    let onClosed!: () => void;
    this.ready = new Promise((resolve) => (onReady = resolve));
    this.ended = new Promise((resolve) => (onEnd = resolve));
    this.closed = new Promise((resolve) => (onClosed = resolve));
    this.transport = new Transport(
      overwritten(stream),
      { role, limits: resolveServerLimits(options.limits), keepalive: options.keepalive },
      {
        onStream: (opened) => {
          opened.handler = this.handler();
          this.streams.push(opened);
        },
        onReady,
        onEnd,
        onClosed,
      },
    );
    this.transport.start();
  }

  handler(): StreamHandler {
    return {
      onHeaders: () => {},
      onData: (stream, payload) => {
        this.received.push(Buffer.from(payload));
        this.onData(stream, payload);
      },
      onWritable: () => this.onWritable(),
      onFailure: (_stream, failure) => this.failures.push(failure),
    };
  }

  onWritable = () => {};

  open(): Http2Stream {
    const stream = this.transport.connection.openStream(fields, false);
    stream.handler = this.handler();
    return stream;
  }
}

/** Resolves when `condition` holds; the test's own time limit is the only other end. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

let folder: string;
let address: string;
const servers: net.Server[] = [];
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'podwire-transport-'));
  address = path.join(folder, 'socket');
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of servers.splice(0)) server.close();
  await rm(folder, { recursive: true, force: true });
});

/** The sockets that come in, one by one. */
async function listen(): Promise<() => Promise<net.Socket>> {
  const server = net.createServer({ pauseOnConnect: true });
  servers.push(server);
  const waiting: net.Socket[] = [];
  server.on('connection', (socket) => waiting.push(socket));
  server.listen(address);
  await once(server, 'listening');
  return async () => {
    await until(() => waiting.length > 0);
    return waiting.shift()!;
  };
}

/** A server side of ours and the raw socket of its client. */
async function rawClient(options?: ConstructorParameters<typeof Side>[2]): Promise<[Side, net.Socket]> {
  const accept = await listen();
  const socket = net.connect(address);
  await once(socket, 'connect');
  return [new Side(new SocketStream(await accept()), 'server', options), socket];
}

/** Two sides of ours over a real socket. */
async function connected(options?: ConstructorParameters<typeof Side>[2]): Promise<[Side, Side]> {
  const [server, socket] = await rawClient(options);
  const client = new Side(new SocketStream(socket), 'client', options);
  await Promise.all([client.ready, server.ready]);
  return [client, server];
}

async function startPeer(role: string): Promise<ChildProcess> {
  const program = new URL('socket-peer.mjs', import.meta.url).pathname;
  const child = spawn(process.execPath, [program, address, role], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout!, 'data');
  return child;
}

const pairs: [string, () => Promise<[Side, Side]>][] = [
  [
    'memory',
    async () => {
      const [left, right] = memoryStreamPair();
      const sides: [Side, Side] = [new Side(left, 'client'), new Side(right, 'server')];
      await Promise.all(sides.map(({ ready }) => ready));
      return sides;
    },
  ],
  ['a socket', () => connected()],
];

describe.each(pairs)('over %s', (_, connect) => {
  it('carries calls, and closes on both sides', async () => {
    const [client, server] = await connect();
    const stream = client.open();
    const body = Buffer.alloc(5_000_000, 'podwire ');
    stream.sendData(body, true);
    await until(() => server.streams.length === 1 && server.streams[0].remoteClosed);
    expect(Buffer.concat(server.received).equals(body)).toBe(true);
    server.streams[0].sendHeaders([':status', '200'], true);
    await until(() => client.transport.idle);
    client.transport.close();
    expect(await client.ended).toBeUndefined();
    expect(await server.ended).toBeUndefined();
    await Promise.all([client.closed, server.closed]);
    expect(client.failures.concat(server.failures)).toEqual([]);
  });

  it('delivers the last words before the end', async () => {
    const [client, server] = await connect();
    const stream = client.open();
    await until(() => server.streams.length === 1);
    server.streams[0].sendHeaders([':status', '200'], false);
    server.streams[0].sendData(Buffer.alloc(100_000), false);
    server.transport.close(0, 'enough for today');
    await client.closed;
    expect(Buffer.concat(client.received).length).toBe(100_000);
    expect(client.failures).toHaveLength(1);
    expect(stream.closed).toBe(true);
    expect((await server.ended)?.message).toBeUndefined();
  });

  it('takes the end of the stream for a lost connection', async () => {
    const [client, server] = await connect();
    client.open();
    await until(() => server.streams.length === 1);
    client.transport.destroy('the process has other plans');
    const error = await server.ended;
    const message = 'the connection to the client ended during the call';
    expect(error).toMatchObject({ remote: true, message });
    await Promise.all([client.closed, server.closed]);
    expect(server.failures[0]).toMatchObject({ origin: 'connection', reason: message });
    expect(client.failures[0]).toMatchObject({ reason: 'the process has other plans' });
  });

  it.each([
    ['client', 'server', '; the server may have begun it'],
    ['server', 'client', ''],
  ] as const)('says how the connection was lost, to a %s', async (role, peer, more) => {
    const [stream] = memoryStreamPair();
    const side = new Side(stream, role);
    const cause = new Error('read ECONNRESET');
    side.transport.onClose(cause);
    const message = `the connection to the ${peer} ended during the call (read ECONNRESET)${more}`;
    expect(await side.ended).toMatchObject({ remote: true, message, cause });
  });

  it('does not keep a timer from firing while it sends without end', async () => {
    const [client, server] = await connect();
    const messages = new OutgoingMessages(client.transport, client.open());
    client.onWritable = () => messages.resume();
    let fired = false;
    setTimeout(() => (fired = true), 0);
    let sent = 0;
    while (!fired) {
      sent++;
      await messages.send(Buffer.alloc(64), false);
      // Without turns of the event loop this would go on for ever.
      if (sent > 100_000) break;
    }
    expect(fired).toBe(true);
    server.transport.destroy('done');
    await client.closed;
  });

  it('carries cancels while another call sends without end', async () => {
    const [client, server] = await connect();
    const messages = new OutgoingMessages(client.transport, client.open());
    client.onWritable = () => messages.resume();
    const other = client.open();
    await until(() => server.streams.length === 2);
    server.streams[1].reset(8);
    let sent = 0;
    while (client.failures.length === 0 && sent++ < 1_000_000) await messages.send(Buffer.alloc(1_000), false);
    expect(other.closed).toBe(true);
    expect(client.failures[0]).toMatchObject({ origin: 'remote', errorCode: 8 });
    client.transport.close();
    await Promise.all([client.closed, server.closed]);
  });
});

describe('one turn of the event loop', () => {
  /** A client, its server, and the lengths of the writes that the client made since the handshake. */
  async function connectCounted(): Promise<{ client: Side; server: Side; writes: number[] }> {
    const [left, right] = memoryStreamPair();
    const writes: number[] = [];
    const counted: ByteStream = {
      start: (receiver) => left.start(receiver),
      write: (chunks, done) => {
        writes.push(chunks.reduce((length, chunk) => length + chunk.length, 0));
        left.write(chunks, done);
      },
      end: () => left.end(),
      destroy: () => left.destroy(),
      setReferenced: () => {},
    };
    const client = new Side(counted, 'client');
    const server = new Side(right, 'server');
    await Promise.all([client.ready, server.ready]);
    await nextTurn();
    await nextTurn();
    writes.length = 0;
    return { client, server, writes };
  }

  it('is one write, however many frames it has, when they are short together', async () => {
    const { client, server, writes } = await connectCounted();
    for (let count = 0; count < 50; count++) client.open().sendData(Buffer.alloc(40), true);
    expect(writes).toEqual([]);
    await until(() => server.streams.length === 50);
    expect(writes).toHaveLength(1);
    client.transport.destroy('done');
  });

  it('lets the peer begin with the first 4 KiB, and doubles that', async () => {
    const { client, server, writes } = await connectCounted();
    for (let count = 0; count < 400; count++) client.open().sendData(Buffer.alloc(200), true);
    const early = [...writes];
    await until(() => server.streams.length === 400);
    expect(early.map((length) => Math.log2(length / 1024) | 0)).toEqual([2, 3, 4, 5]);
    expect(writes.length).toBe(early.length + 1);
    writes.length = 0;
    for (let count = 0; count < 30; count++) client.open().sendData(Buffer.alloc(200), true);
    // The next turn begins anew.
    expect(writes.map((length) => Math.log2(length / 1024) | 0)).toEqual([2]);
    client.transport.destroy('done');
  });

  it('sends what ends a message of more than 4 KiB together with it', async () => {
    const { client, server, writes } = await connectCounted();
    const stream = client.open();
    stream.sendData(Buffer.alloc(20_000), false);
    stream.sendData(Buffer.alloc(0), true);
    await until(() => server.streams.length === 1);
    await nextTurn();
    expect(writes).toHaveLength(1);
    client.transport.destroy('done');
  });

  it('allows a share of messages and of octets', () => {
    const [left] = memoryStreamPair();
    const { transport } = new Side(left, 'client');
    const due = Array.from({ length: 256 }, () => transport.spendTurn(1));
    expect(due.findIndex((promise) => promise !== undefined)).toBe(255);
    expect(transport.spendTurn(1)).toBe(due[255]);
    transport.destroy('done');
  });

  it('gives a new share', async () => {
    const [left] = memoryStreamPair();
    const { transport } = new Side(left, 'client');
    await transport.spendTurn(512 * 1024);
    expect(transport.spendTurn(1)).toBeUndefined();
    transport.destroy('done');
  });
});

describe('a peer in another process', () => {
  it('that is killed in the middle of a frame is a lost connection', async () => {
    const accept = await listen();
    const child = await startPeer('half-a-frame');
    const server = new Side(new SocketStream(await accept()), 'server');
    await server.ready;
    await until(() => server.transport.connection.nextTimeout < Number.POSITIVE_INFINITY);
    child.kill('SIGKILL');
    // The kernel says which, by whether the peer had read all.
    expect((await server.ended)?.message).toMatch(
      /^the connection to the client ended during the call( \(\w+ (ECONNRESET|EPIPE)\))?$/,
    );
    await server.closed;
  });

  it('that leaves a frame unfinished is given up', async () => {
    const accept = await listen();
    const child = await startPeer('half-a-frame');
    const server = new Side(new SocketStream(await accept()), 'server', { limits: { unfinishedTimeoutMs: 50 } });
    expect((await server.ended)?.message).toContain('unfinished for 50 ms');
    child.kill('SIGKILL');
    await server.closed;
  });

  it('that says nothing is given up', async () => {
    const accept = await listen();
    await startPeer('silent');
    const server = new Side(new SocketStream(await accept()), 'server', { limits: { handshakeTimeoutMs: 50 } });
    expect((await server.ended)?.message).toBe('SETTINGS_TIMEOUT: the peer sent no HTTP/2 SETTINGS within 50 ms');
    // It neither reads nor closes: the socket is destroyed all the same.
    await server.closed;
  });

  it('that does not read makes nothing grow, and may be stopped for a while', async () => {
    const accept = await listen();
    const child = await startPeer('unread');
    let handedOver = 0;
    let taken = 0;
    const stream = new SocketStream(await accept());
    const counted: ByteStream = {
      start: (receiver) => stream.start(receiver),
      write: (chunks, done) => {
        const octets = chunks.reduce((sum, { length }) => sum + length, 0);
        handedOver += octets;
        stream.write(chunks, () => {
          taken += octets;
          done();
        });
      },
      end: () => stream.end(),
      destroy: () => stream.destroy(),
      setReferenced: () => {},
    };
    const server = new Side(counted, 'server');
    await until(() => server.streams.length === 1);
    child.kill('SIGSTOP');
    const [call] = server.streams;
    call.sendHeaders([':status', '200'], false);
    const messages = new OutgoingMessages(server.transport, call);
    server.onWritable = () => messages.resume();
    let accepted = 0;
    let blocked = false;
    while (!blocked) {
      const due = messages.send(Buffer.alloc(100_000), false);
      accepted += 100_000;
      if (due === undefined) continue;
      await Promise.race([due, nextTurn().then(nextTurn).then(nextTurn)]);
      blocked = call.queuedLength > 0 && server.transport.connection.congested;
    }
    // What waits in this process is at most the message, the output and what the kernel was not ready to take.
    expect(call.queuedLength).toBeLessThanOrEqual(100_000);
    expect(server.transport.connection.output.length).toBeLessThan(400_000);
    expect(handedOver - taken).toBeLessThan(700_000);
    expect(accepted).toBeGreaterThan(0);
    expect(server.transport.connection.ended).toBe(false);
    child.kill('SIGKILL');
    await server.closed;
    expect(server.failures).toHaveLength(1);
  });
});

describe('a raw peer', () => {
  it('that breaks the protocol gets a GOAWAY, also when its own write side goes on', async () => {
    const [server, socket] = await rawClient();
    const received: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\n\r\n');
    expect((await server.ended)?.message).toContain('prior knowledge');
    // Still open for what the peer writes before it has read the reason.
    socket.write('more');
    await once(socket, 'end');
    expect(Buffer.concat(received).toString('latin1')).toContain('prior knowledge');
    socket.destroy();
    await server.closed;
  });

  it('that neither reads nor closes is destroyed after a while', async () => {
    const [server, socket] = await rawClient();
    socket.pause();
    server.transport.close(0, 'bye');
    await server.closed;
    socket.destroy();
  });

  it('that resets the socket is a lost connection', async () => {
    const [server, socket] = await rawClient();
    const stream = new SocketStream(socket);
    // Unread bytes make the kernel say ECONNRESET to the other side.
    await until(() => server.transport.connection.output.length === 0);
    stream.destroy();
    expect(await server.ended).toMatchObject({ remote: true });
    await server.closed;
  });
});

describe('keepalive', () => {
  it('ends a connection whose peer is silent, and no other', async () => {
    const keepalive = { timeMs: 10, timeoutMs: 30, permitWithoutCalls: true };
    const [server, socket] = await rawClient({ keepalive });
    socket.on('data', () => {});
    socket.write(
      Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from('000000040000000000', 'hex')]),
    );
    expect((await server.ended)?.message).toContain('silent for 30 ms after a keepalive PING');
    socket.destroy();
    await server.closed;
  });

  it('leaves a peer alone that answers', async () => {
    const [client, server] = await connected({
      keepalive: { timeMs: 10, timeoutMs: 10_000, permitWithoutCalls: true },
    });
    let pings = 0;
    const { connection } = server.transport;
    const receive = connection.receive.bind(connection);
    connection.receive = (chunk, now) => {
      if (chunk[3] === 6) pings++;
      receive(chunk, now);
    };
    await until(() => pings >= 3);
    expect(client.transport.connection.ended).toBe(false);
    client.transport.close();
    await Promise.all([client.closed, server.closed]);
  });

  it('refuses to ping all the time', () => {
    const [left] = memoryStreamPair();
    expect(() => new Side(left, 'client', { keepalive: { timeMs: 9 } })).toThrow(RangeError);
  });
});

describe('afterwards', () => {
  it('nothing is left: no socket, no timer, no octet counted', async () => {
    const before = resources();
    for (let round = 0; round < 5; round++) {
      const [client, server] = await connected({ keepalive: { timeMs: 1_000 } });
      server.onData = () => {};
      client.open().sendData(Buffer.alloc(50_000), round % 2 === 0);
      await until(() => server.received.length > 0);
      if (round === 0) client.transport.destroy('gone');
      else if (round === 1) server.transport.destroy('gone');
      else if (round === 2) client.transport.close();
      else server.transport.close();
      await Promise.all([client.closed, server.closed]);
      // What its owner holds is counted until it lets go.
      for (const stream of server.streams) stream.release(stream.held);
      for (const listening of servers.splice(0)) listening.close();
      await rm(address, { force: true });
    }
    await until(() => resources().length <= before.length);
    // What an earlier test had left for a moment may be gone by now; nothing may have come.
    const left = resources();
    for (const name of before) if (left.includes(name)) left.splice(left.indexOf(name), 1);
    expect(left).toEqual([]);
    expect(processReceiveBudget.held).toBe(0);
    expect(processReceiveBudget.allowsWideMessage(1, 0)).toBe(true);
  });
});

function resources(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => /Pipe|Socket|TCP|Timeout/.test(name))
    .sort();
}
