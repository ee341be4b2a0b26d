import { closeSync, unlinkSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { expect } from 'vitest';
import type { PathEndpoint } from '../../src/endpoint/endpoint.js';
import { Code } from '../../src/rpc/code.js';
import { bindPath } from '../../src/socket/bind-path.js';
import { libc } from '../../src/socket/libc.js';
import { socketAddress } from '../../src/socket/socket-address.js';
import { unixStreamSocket } from '../../src/socket/unix-stream-socket.js';
import { rejection } from '../client/rejection.js';
import * as wire from '../http2/wire.js';
import { signalled } from '../server/serve-podinfo.js';
import type { Bench, Fault } from './fault.js';
import { fillBacklog } from './listen-faults.js';
import { message } from './raw-connection.js';

const { END_HEADERS, GOAWAY, HEADERS } = wire;

/** Little patience, so that those who wait for it do not wait long. */
const impatient = { limits: { connectTimeoutMs: 100, handshakeTimeoutMs: 100, unfinishedTimeoutMs: 100 } };

/** How a call to `path` ends; then the channel is closed. */
async function callEndsWith(
  bench: Bench,
  path: string,
  code: Code,
  message: RegExp,
  timeoutMs = 10_000,
): Promise<void> {
  const { podinfo, close } = bench.open(path, impatient);
  const error = await rejection(podinfo.describe({ text: 'x' }, { timeoutMs }));
  expect(error.message).toMatch(message);
  expect(error.code).toBe(code);
  await close();
}

/** A server without podwire that does this with every connection. */
function raw(
  name: string,
  play: (socket: Socket) => void,
  { code = Code.UNAVAILABLE, said = /./, timeoutMs }: { code?: Code; said?: RegExp; timeoutMs?: number } = {},
): Fault {
  return {
    name,
    full: 5,
    inject: async (bench) => {
      const path = `${bench.folder}/x.sock`;
      const sockets = new Set<Socket>();
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => {});
        play(socket);
      });
      await new Promise<void>((resolve) => server.listen(path, resolve));
      try {
        await callEndsWith(bench, path, code, said, timeoutMs);
      } finally {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

/** Answers the first request with these bytes, then does `next`. */
function answering(bytes: Uint8Array, next: (socket: Socket) => void = () => {}): (socket: Socket) => void {
  return (socket) => {
    const log = new wire.FrameLog(true);
    socket.write(wire.settings());
    socket.on('data', (chunk) => {
      if (!log.add(chunk).some(({ type }) => type === HEADERS)) return;
      socket.write(bytes, () => next(socket));
    });
  };
}

const head = wire.response(1, false, ['content-type', 'application/grpc']);
const halfMessage = message(1, 10_000).subarray(0, 5_000);
const leave = (socket: Socket) => void socket.destroy();

/** What servers do to a client. */
export const serverFaults: readonly Fault[] = [
  {
    name: 'is not there',
    full: 50,
    count: () => 2,
    inject: async (bench) => {
      await callEndsWith(bench, `${bench.folder}/x.sock`, Code.UNAVAILABLE, /no such file/);
      await callEndsWith(bench, `${bench.abstract}-nobody`, Code.UNAVAILABLE, /nobody listens on this name/);
    },
  },
  {
    name: 'has left a stale file, or has bound and does not listen',
    full: 50,
    count: () => 2,
    inject: async (bench) => {
      const endpoint: PathEndpoint = { kind: 'path', path: `${bench.folder}/x.sock` };
      const fd = unixStreamSocket(endpoint);
      expect(libc().bind(fd, socketAddress(endpoint))).toBe(0);
      await callEndsWith(bench, endpoint.path, Code.UNAVAILABLE, /nobody listens on this socket file/);
      closeSync(fd);
      await callEndsWith(bench, endpoint.path, Code.UNAVAILABLE, /nobody listens on this socket file/);
      unlinkSync(endpoint.path);
    },
  },
  {
    name: 'never accepts, its backlog full',
    full: 5,
    inject: async (bench) => {
      const endpoint: PathEndpoint = { kind: 'path', path: `${bench.folder}/x.sock` };
      const { fd, file } = await bindPath(endpoint, {}, 1);
      const waiting = fillBacklog(endpoint);
      await callEndsWith(bench, endpoint.path, Code.UNAVAILABLE, /backlog stayed full for 100 ms/);
      file?.unlink();
      for (const socket of [...waiting, fd]) closeSync(socket);
    },
  },
  raw('accepts and closes', leave, { said: /ended the connection before its HTTP\/2 handshake/ }),
  raw('accepts and says nothing', (socket) => socket.resume(), { said: /no HTTP\/2 SETTINGS within 100 ms/ }),
  raw('sends what is no HTTP/2', (socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n').resume()),
  raw('says SETTINGS and leaves', (socket) => void socket.end(wire.settings()).resume()),
  raw('says GOAWAY at once', (socket) => {
    socket.end(Buffer.concat([wire.settings(), wire.frame(GOAWAY, 0, 0, wire.uint32(0, 2))])).resume();
  }),
  raw('never answers', answering(Buffer.alloc(0)), { code: Code.DEADLINE_EXCEEDED, timeoutMs: 50 }),
  raw('says headers and no more', answering(head), { code: Code.DEADLINE_EXCEEDED, timeoutMs: 50 }),
  raw('stops in the middle of a message', answering(Buffer.concat([head, halfMessage])), {
    code: Code.DEADLINE_EXCEEDED,
    timeoutMs: 50,
  }),
  raw('stops in the middle of a header section', answering(head.subarray(0, 20))),
  raw('leaves in the middle of a header section', answering(head.subarray(0, 20), leave)),
  raw('leaves after the headers', answering(head, leave)),
  raw('leaves in the middle of a frame', answering(Buffer.concat([head, halfMessage]), leave)),
  raw('sends a broken header block', answering(wire.frame(HEADERS, END_HEADERS, 1, Buffer.of(0x80)))),
  {
    name: 'is stopped, and goes on',
    full: 5,
    inject: async (bench) => {
      const { podinfo, server } = bench;
      const fresh = bench.open(bench.path, impatient);
      server.signal('SIGSTOP');
      try {
        const old = rejection(podinfo.describe({ text: 'x' }, { timeoutMs: 50 }));
        expect((await rejection(fresh.podinfo.describe({ text: 'x' }))).message).toMatch(/SETTINGS within 100 ms/);
        expect((await old).code).toBe(Code.DEADLINE_EXCEEDED);
      } finally {
        server.signal('SIGCONT');
      }
      await fresh.close();
      await bench.serves();
    },
  },
  {
    name: 'is killed in the middle of a stream',
    full: 5,
    inject: async (bench) => {
      const path = `${bench.folder}/x.sock`;
      const server = await bench.take();
      await server.request('listen', path);
      const { podinfo, close } = bench.open(path);
      const responses = podinfo.watch({})[Symbol.asyncIterator]();
      await responses.next();
      const killed = server.kill();
      const rest = async (): Promise<void> => {
        while (!(await responses.next()).done);
      };
      expect((await rejection(rest())).code).toBe(Code.UNAVAILABLE);
      await killed;
      await close();
      unlinkSync(path);
    },
  },
  {
    name: 'is killed in the middle of a frame',
    full: 5,
    inject: async (bench) => {
      const path = `${bench.folder}/half.sock`;
      const server = await bench.take();
      await server.request('listenForHalf', path);
      const { podinfo, close } = bench.open(path);
      const half = signalled();
      const call = rejection(podinfo.describe({ text: 'x' }, { onHeader: () => half.resolve() }));
      await half.promise;
      await server.kill();
      expect((await call).code).toBe(Code.UNAVAILABLE);
      await close();
      unlinkSync(path);
    },
  },
];
