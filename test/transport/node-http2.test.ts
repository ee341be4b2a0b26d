import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http2 from 'node:http2';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Http2Stream } from '../../src/http2/stream.js';
import type { StreamHandler } from '../../src/http2/stream-handler.js';
import { resolveServerLimits, type ServerLimits } from '../../src/transport/limits.js';
import { SocketStream } from '../../src/transport/socket-stream.js';
import { Transport } from '../../src/transport/transport.js';

/** Our connections over real sockets against nghttp2, which is inside node:http2, in both roles. */
let folder: string;
let address: string;
let listener: net.Server | http2.Http2Server | undefined;
const transports: Transport[] = [];
const fields = [':method', 'POST', ':scheme', 'http', ':path', '/echo', ':authority', 'localhost'];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'podwire-http2-'));
  address = path.join(folder, 'socket');
});

afterEach(async () => {
  for (const transport of transports.splice(0)) transport.destroy('the test is over');
  listener?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Answers with what it gets, at the pace of the peer's window, and with trailers. */
class Echo implements StreamHandler {
  #waiting = 0;
  #ended = false;

  onHeaders(stream: Http2Stream): void {
    this.#end(stream);
  }

  onData(stream: Http2Stream, payload: Uint8Array, endStream: boolean): void {
    if (payload.length > 0 && !stream.sendData(Uint8Array.from(payload), false)) this.#waiting += payload.length;
    else stream.release(payload.length);
    if (endStream) this.#end(stream);
  }

  onWritable(stream: Http2Stream): void {
    stream.release(this.#waiting);
    this.#waiting = 0;
  }

  onFailure(stream: Http2Stream): void {
    stream.release(stream.held);
  }

  #end(stream: Http2Stream): void {
    if (this.#ended) return;
    this.#ended = true;
    stream.sendHeaders(['grpc-status', '0', 'x-trailer', 'at the end'], true);
  }
}

async function serveEcho(limits: Partial<ServerLimits> = {}): Promise<void> {
  listener = net.createServer((socket) => {
    const transport = new Transport(
      new SocketStream(socket),
      { role: 'server', limits: resolveServerLimits(limits) },
      {
        onStream(stream, _fields, endStream) {
          stream.handler = new Echo();
          stream.sendHeaders([':status', '200', 'content-type', 'application/grpc'], false);
          if (endStream) stream.handler.onHeaders(stream, [], true);
        },
      },
    );
    transports.push(transport);
    transport.start();
  });
  listener.listen(address);
  await once(listener, 'listening');
}

interface Answer {
  headers: http2.IncomingHttpHeaders;
  trailers: http2.IncomingHttpHeaders;
  body: Buffer;
}

/** A call of node:http2. */
function ask(session: http2.ClientHttp2Session, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': '/echo' });
    const chunks: Buffer[] = [];
    const answer: Answer = { headers: {}, trailers: {}, body: Buffer.alloc(0) };
    stream.on('response', (headers) => (answer.headers = headers));
    stream.on('trailers', (trailers) => (answer.trailers = trailers));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => resolve({ ...answer, body: Buffer.concat(chunks) }));
    stream.on('error', reject);
    stream.end(body);
  });
}

describe('a server of ours, called by node:http2', () => {
  it.each<[string, http2.Settings, Partial<ServerLimits>]>([
    ['usual settings', {}, {}],
    ['a window of 100 octets on the client', { initialWindowSize: 100 }, {}],
    ['a window of 1,000 octets on the server', {}, { streamWindow: 1_000 }],
    ['large frames', { maxFrameSize: 1_000_000, initialWindowSize: 4_000_000 }, {}],
  ])('answers bodies of all lengths with %s', async (_, settings, limits) => {
    await serveEcho(limits);
    const session = http2.connect('http://localhost', { createConnection: () => net.connect(address), settings });
    const small = settings.initialWindowSize === 100;
    for (const length of small ? [0, 1, 99, 100, 101, 20_000] : [0, 1, 16_384, 65_536, 3_000_000]) {
      const body = Buffer.alloc(length, 'podwire ');
      const answer = await ask(session, body);
      expect(answer.headers).toMatchObject({ ':status': 200, 'content-type': 'application/grpc' });
      expect(answer.trailers).toMatchObject({ 'grpc-status': '0', 'x-trailer': 'at the end' });
      expect(answer.body.equals(body)).toBe(true);
    }
    session.close();
    await once(session, 'close');
  });

  it('answers many calls at once and cancels some', async () => {
    await serveEcho();
    const session = http2.connect('http://localhost', { createConnection: () => net.connect(address) });
    await once(session, 'remoteSettings');
    const calls = Array.from({ length: 300 }, async (_, index) => {
      const body = Buffer.alloc(20_000, `${index} `);
      if (index % 10 > 0) return (await ask(session, body)).body.equals(body);
      const stream = session.request({ ':method': 'POST', ':path': '/echo' });
      stream.on('error', () => {});
      stream.write(body);
      stream.once('data', () => stream.close(http2.constants.NGHTTP2_CANCEL));
      await once(stream, 'close');
      return true;
    });
    expect(new Set(await Promise.all(calls))).toEqual(new Set([true]));
    const [{ connection }] = transports;
    session.ping((error) => expect(error).toBeNull());
    await new Promise((resolve) => session.ping(resolve));
    expect(connection.streamCount).toBe(0);
    session.close();
    await once(session, 'close');
  });

  it('drains without losing a call', async () => {
    await serveEcho();
    const session = http2.connect('http://localhost', { createConnection: () => net.connect(address) });
    const stream = session.request({ ':method': 'POST', ':path': '/echo' });
    await once(stream, 'response');
    const goaways: number[] = [];
    session.on('goaway', (code) => goaways.push(code));
    transports[0].connection.beginDrain('restart');
    await once(session, 'goaway');
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.end('last words');
    await once(stream, 'end');
    expect(Buffer.concat(chunks).toString()).toBe('last words');
    await once(session, 'close');
    expect(goaways.every((code) => code === 0)).toBe(true);
  });
});

/** What a stream of ours has got. */
class Collected implements StreamHandler {
  readonly headers: string[][] = [];
  readonly chunks: Uint8Array[] = [];
  failure: string | undefined;
  readonly done: Promise<this>;
  #resolve!: (value: this) => void;

  constructor() {
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  onHeaders(_stream: Http2Stream, headers: string[], endStream: boolean): void {
    this.headers.push(headers);
    if (endStream) this.#resolve(this);
  }

  onData(stream: Http2Stream, payload: Uint8Array, endStream: boolean): void {
    this.chunks.push(Uint8Array.from(payload));
    stream.release(payload.length);
    if (endStream) this.#resolve(this);
  }

  onWritable(): void {}

  onFailure(_stream: Http2Stream, { reason }: { reason: string }): void {
    this.failure = reason;
    this.#resolve(this);
  }
}

describe('a client of ours, against node:http2', () => {
  async function connect(settings: http2.Settings, limits: Partial<ServerLimits> = {}): Promise<Transport> {
    listener = http2.createServer({ settings });
    listener.on('stream', (stream: http2.ServerHttp2Stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.on('error', () => {});
      stream.pipe(stream);
    });
    listener.listen(address);
    await once(listener, 'listening');
    const socket = net.connect(address);
    await once(socket, 'connect');
    return await new Promise((resolve) => {
      const transport: Transport = new Transport(
        new SocketStream(socket),
        { role: 'client', limits: resolveServerLimits(limits) },
        { onReady: () => resolve(transport) },
      );
      transports.push(transport);
      transport.start();
    });
  }

  function call(transport: Transport, body: Buffer): Promise<Collected> {
    const stream = transport.connection.openStream(fields, false);
    const collected = new Collected();
    stream.handler = collected;
    stream.sendData(body, true);
    return collected.done;
  }

  it.each<[string, http2.Settings, Partial<ServerLimits>]>([
    ['usual settings', {}, {}],
    ['a window of 100 octets on the server', { initialWindowSize: 100 }, {}],
    ['a window of 1,000 octets on the client', {}, { streamWindow: 1_000 }],
    ['a header table of 0 octets', { headerTableSize: 0 }, {}],
  ])('sends and receives bodies of all lengths with %s', async (_, settings, limits) => {
    const transport = await connect(settings, limits);
    for (const length of [0, 1, 100, 65_536, settings.initialWindowSize === 100 ? 30_000 : 3_000_000]) {
      const body = Buffer.alloc(length, 'podwire ');
      const { headers, chunks, failure } = await call(transport, body);
      expect(failure).toBeUndefined();
      expect(headers[0].slice(0, 2)).toEqual([':status', '200']);
      expect(headers[1]).toEqual(['grpc-status', '0']);
      expect(Buffer.concat(chunks).equals(body)).toBe(true);
    }
    expect(transport.idle).toBe(true);
  });

  it('makes many calls at once and cancels some', async () => {
    const transport = await connect({ maxConcurrentStreams: 1_000 });
    const calls = Array.from({ length: 300 }, async (_, index) => {
      const body = Buffer.alloc(20_000, `${index} `);
      if (index % 10 > 0) return Buffer.concat((await call(transport, body)).chunks).equals(body);
      const stream = transport.connection.openStream(fields, false);
      stream.sendData(body, false);
      stream.reset(8);
      return true;
    });
    expect(new Set(await Promise.all(calls))).toEqual(new Set([true]));
    expect(transport.connection.streamCount).toBe(0);
  });

  it('is told when a server refuses or goes away', async () => {
    const transport = await connect({});
    (listener as http2.Http2Server).removeAllListeners('stream');
    (listener as http2.Http2Server).on('stream', (stream) => {
      stream.on('error', () => {});
      stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    });
    expect((await call(transport, Buffer.alloc(1))).failure).toBe('the peer reset the stream with REFUSED_STREAM');
    (listener as http2.Http2Server).removeAllListeners('stream');
    (listener as http2.Http2Server).on('stream', (stream) => {
      stream.on('error', () => {});
      stream.session?.goaway(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from('enough'));
      stream.session?.destroy();
    });
    expect((await call(transport, Buffer.alloc(1))).failure).toMatch(/ENHANCE_YOUR_CALM|connection/);
    expect(transport.connection.usable).toBe(false);
  });
});
