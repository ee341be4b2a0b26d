import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Endpoint, PathEndpoint } from '../../src/endpoint/endpoint.js';
import { EndpointError } from '../../src/endpoint/endpoint-error.js';
import { bindPath } from '../../src/socket/bind-path.js';
import type { BoundSocket } from '../../src/socket/bound-socket.js';
import { dialSocket } from '../../src/socket/dial-socket.js';
import { type PeerPolicy, sameUser, users } from '../../src/socket/peer-policy.js';
import { openDescriptors } from './open-descriptors.js';

let folder: string;
let before: readonly string[];
let sockets: Socket[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-'));
  before = openDescriptors(folder);
  sockets = [];
});

/** Every error path must have given its descriptor back. */
afterEach(async () => {
  for (const socket of sockets) {
    if (socket.closed) continue;
    const closed = once(socket, 'close');
    socket.destroy();
    await closed;
  }
  const after = openDescriptors(folder);
  rmSync(folder, { recursive: true });
  expect(after).toEqual(before);
});

const pathEndpoint = (name = 'x.sock'): PathEndpoint => ({ kind: 'path', path: join(folder, name) });

async function dial(...parameters: Parameters<typeof dialSocket>): Promise<Socket> {
  const { socket } = await dialSocket(...parameters);
  sockets.push(socket);
  // Tests close listening sockets under connections that were never accepted.
  socket.on('error', () => {});
  return socket;
}

/** Listens without ever accepting, with the backlog filled to the brim. */
async function fullBacklog(): Promise<BoundSocket & { readonly endpoint: PathEndpoint }> {
  const endpoint = pathEndpoint();
  const bound = await bindPath(endpoint, {}, 1);
  for (;;) {
    try {
      await dial(endpoint, { timeoutMs: 0 });
    } catch (error) {
      expect(error).toMatchObject({ code: 'ETIMEDOUT' });
      return { ...bound, endpoint };
    }
  }
}

/** Lets Node accept what waits, and everything from now on. */
async function acceptAll(fd: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  server.listen({ fd });
  await once(server, 'listening');
  return server;
}

describe('dialSocket', () => {
  it('says at once that nobody is there', async () => {
    const abstract: Endpoint = { kind: 'abstract', name: Buffer.from(`podwire-nobody-${process.pid}`) };
    await expect(dial(pathEndpoint())).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(dial(abstract)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    writeFileSync(join(folder, 'file'), '');
    await expect(dial(pathEndpoint('file'))).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      message: expect.stringContaining('no socket'),
    });
    await expect(dial(pathEndpoint('file/x'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('tells a socket that nobody listens on', async () => {
    const endpoint = pathEndpoint();
    const bound = await bindPath(endpoint, {}, 1);
    closeSync(bound.fd);
    symlinkSync('x.sock', join(folder, 'link'));
    for (const stale of [endpoint, pathEndpoint('link')]) {
      await expect(dial(stale)).rejects.toMatchObject({
        code: 'ECONNREFUSED',
        message: expect.stringContaining('any more'),
      });
    }
  });

  it('waits for a full backlog no longer than it may', async () => {
    const { fd, endpoint } = await fullBacklog();
    await expect(dial(endpoint, { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      message: expect.stringContaining('20 ms'),
    });
    closeSync(fd);
  });

  it('gets in when a full backlog empties', async () => {
    const { fd, endpoint } = await fullBacklog();
    const dialing = dial(endpoint, { timeoutMs: 10_000 });
    const server = await acceptAll(fd);
    const socket = await dialing;
    // It is the server who closes: the connection was a real one.
    socket.resume();
    await once(socket, 'end');
    await new Promise((resolve) => server.close(resolve));
  });

  it('stops waiting when it is aborted', async () => {
    const { fd, endpoint } = await fullBacklog();
    const controller = new AbortController();
    const dialing = dial(endpoint, { timeoutMs: 60_000, signal: controller.signal });
    const reason = new Error('no longer wanted');
    controller.abort(reason);
    await expect(dialing).rejects.toMatchObject({ code: 'ERR_PODWIRE_ABORTED', cause: reason });
    closeSync(fd);
  });

  it('does not begin when it is aborted already', async () => {
    await expect(dial(pathEndpoint(), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ERR_PODWIRE_ABORTED',
    });
  });

  it('sends nothing to a server that it does not trust', async () => {
    const endpoint = pathEndpoint();
    const bound = await bindPath(endpoint, {}, 5);
    const received: Buffer[] = [];
    const server = createServer((socket) => socket.on('data', (chunk: Buffer) => received.push(chunk)));
    server.listen({ fd: bound.fd });
    const connected = once(server, 'connection') as Promise<[Socket]>;
    await expect(dial(endpoint, { allowServer: users(4_000_000) })).rejects.toMatchObject({
      code: 'ERR_PODWIRE_PEER_REFUSED',
      message: expect.stringContaining('users(4000000)'),
    });
    const [accepted] = await connected;
    await once(accepted, 'close');
    expect(received).toEqual([]);
    server.close();
  });

  it('keeps what a policy has thrown as the cause', async () => {
    const endpoint = pathEndpoint();
    const bound = await bindPath(endpoint, {}, 5);
    const cause = new Error('broken policy');
    const allowServer: PeerPolicy = () => {
      throw cause;
    };
    await expect(dial(endpoint, { allowServer })).rejects.toMatchObject({ code: 'ERR_PODWIRE_PEER_REFUSED', cause });
    await expect(dial(endpoint, { allowServer: sameUser as unknown as PeerPolicy })).rejects.toThrow(TypeError);
    closeSync(bound.fd);
  });

  it('checks the address before it tries', async () => {
    await expect(dial({ kind: 'path', path: 'x'.repeat(108) })).rejects.toThrow(EndpointError);
    await expect(dial({ kind: 'abstract', name: new Uint8Array(0) })).rejects.toThrow(EndpointError);
    await expect(dial({ kind: 'fd', fd: 3 })).rejects.toMatchObject({ code: 'ERR_PODWIRE_UNSUPPORTED' });
  });

  it('dials a path relative to the working directory', async () => {
    const bound = await bindPath(pathEndpoint('rel.sock'), {}, 5);
    const old = process.cwd();
    process.chdir(folder);
    try {
      await dial({ kind: 'path', path: 'rel.sock' });
    } finally {
      process.chdir(old);
    }
    closeSync(bound.fd);
  });

  it('dials a relative path from a folder whose own path is longer than an address can be', async () => {
    const deep = join(folder, 'd'.repeat(120));
    mkdirSync(deep);
    const old = process.cwd();
    process.chdir(deep);
    try {
      const endpoint: PathEndpoint = { kind: 'path', path: 'x.sock' };
      const bound = await bindPath(endpoint, {}, 5);
      expect(bound.file?.path).toBe(join(deep, 'x.sock'));
      await dial(endpoint);
      await dial(endpoint, { protectedPath: true });
      // Links are resolved by the kernel, which has room enough.
      symlinkSync(join(deep, 'x.sock'), join(folder, 'link'));
      process.chdir(old);
      await dial(pathEndpoint('link'));
      await dial(pathEndpoint('link'), { protectedPath: true });
      bound.file?.unlink();
      closeSync(bound.fd);
    } finally {
      process.chdir(old);
    }
  });

  it('keeps what arrives before it is resumed', async () => {
    const endpoint = pathEndpoint();
    const bound = await bindPath(endpoint, {}, 5);
    const server = createServer((socket) => socket.end('early'));
    server.listen({ fd: bound.fd });
    const socket = await dial(endpoint);
    expect(socket.isPaused()).toBe(true);
    let received = '';
    socket.on('data', (chunk) => (received += chunk));
    // Readable has the bytes, and with 'data' listened to would have passed them on.
    while (socket.bytesRead === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(received).toBe('');
    const ended = once(socket, 'end');
    socket.resume();
    await ended;
    expect(received).toBe('early');
    await new Promise((resolve) => server.close(resolve));
  });

  it('reports a lost connection once it is resumed', async () => {
    const endpoint = pathEndpoint();
    const bound = await bindPath(endpoint, {}, 5);
    const socket = await dial(endpoint);
    socket.resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    // The kernel resets what waits in the queue of a listening socket that closes.
    closeSync(bound.fd);
    expect(await closed).toBe(true);
  });
});
