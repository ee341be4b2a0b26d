import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Endpoint, PathEndpoint } from '../../src/endpoint/endpoint.js';
import { EndpointError } from '../../src/endpoint/endpoint-error.js';
import { parseEndpoint } from '../../src/endpoint/parse-endpoint.js';
import { printEndpoint } from '../../src/endpoint/print-endpoint.js';
import { dialSocket } from '../../src/socket/dial-socket.js';
import { anyone, type PeerPolicy, sameUser, users } from '../../src/socket/peer-policy.js';
import { hasAbstractNames } from './has-abstract-names.js';
import { knowsPeers } from './knows-peers.js';
import { openDescriptors } from './open-descriptors.js';
import { type SocketProcess, startSocketProcess } from './start-socket-process.js';

let folder: string;
let before: readonly string[];
let sockets: Socket[];
let servers: Server[];
let processes: SocketProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-'));
  before = openDescriptors(folder);
  sockets = [];
  servers = [];
  processes = [];
});

/** Every error path must have given its descriptor back. */
afterEach(async () => {
  for (const process of processes) await process[Symbol.asyncDispose]();
  for (const server of servers) server.close();
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

/** Serves in this process, by nothing of ours. */
async function serve(path: string, accept: (socket: Socket) => void = () => {}): Promise<Server> {
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    accept(socket);
  });
  servers.push(server.listen(path));
  await once(server, 'listening');
  return server;
}

/** A process that has listened, with place for one client, and was stopped. */
async function stoppedServer(endpoint: PathEndpoint): Promise<SocketProcess> {
  const server = startSocketProcess('listen', printEndpoint(endpoint), { backlog: 1 });
  processes.push(server);
  expect(await server.next()).toMatchObject({ event: 'listening' });
  server.child.kill('SIGSTOP');
  return server;
}

/** One who does not accept, with the backlog filled to the brim. */
async function fullBacklog(endpoint: PathEndpoint): Promise<SocketProcess> {
  const server = await stoppedServer(endpoint);
  for (;;) {
    try {
      await dial(endpoint, { timeoutMs: 0 });
    } catch (error) {
      expect(error).toMatchObject({ code: 'ETIMEDOUT' });
      return server;
    }
  }
}

describe('dialSocket', () => {
  it('says at once that nobody is there', async () => {
    const abstract: Endpoint = { kind: 'abstract', name: Buffer.from(`podwire-nobody-${process.pid}`) };
    await expect(dial(pathEndpoint())).rejects.toMatchObject({ code: 'ENOENT' });
    // Where nobody can tell who the server is, and where names are padded, these are not looked for.
    await expect(dial(abstract)).rejects.toMatchObject({
      code: knowsPeers ? 'ECONNREFUSED' : 'ERR_PODWIRE_UNSUPPORTED',
    });
    await expect(dial(abstract, { allowServer: anyone() })).rejects.toMatchObject({
      code: hasAbstractNames ? 'ECONNREFUSED' : 'ERR_PODWIRE_UNSUPPORTED',
    });
    writeFileSync(join(folder, 'file'), '');
    await expect(dial(pathEndpoint('file'))).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      message: expect.stringContaining('no socket'),
    });
    await expect(dial(pathEndpoint('file/x'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('tells a socket that nobody listens on', async () => {
    const endpoint = pathEndpoint();
    const dead = await stoppedServer(endpoint);
    await dead.kill('SIGKILL');
    symlinkSync('x.sock', join(folder, 'link'));
    for (const stale of [endpoint, pathEndpoint('link')]) {
      await expect(dial(stale)).rejects.toMatchObject({
        code: 'ECONNREFUSED',
        message: expect.stringContaining('any more'),
      });
    }
  });

  it('waits for a full backlog no longer than it may', async () => {
    const endpoint = pathEndpoint();
    await fullBacklog(endpoint);
    await expect(dial(endpoint, { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      message: expect.stringContaining('20 ms'),
    });
  });

  it('gets in when a full backlog empties', async () => {
    const endpoint = pathEndpoint();
    const server = await fullBacklog(endpoint);
    const dialing = dial(endpoint, { timeoutMs: 10_000 });
    server.child.kill('SIGCONT');
    const socket = await dialing;
    // The server sends back what it gets: the connection is a real one.
    const echo = once(socket, 'data');
    socket.write('hello');
    socket.resume();
    expect(String(await echo)).toBe('hello');
  });

  it('stops waiting when it is aborted', async () => {
    const endpoint = pathEndpoint();
    await fullBacklog(endpoint);
    const controller = new AbortController();
    const dialing = dial(endpoint, { timeoutMs: 60_000, signal: controller.signal });
    const reason = new Error('no longer wanted');
    controller.abort(reason);
    await expect(dialing).rejects.toMatchObject({ code: 'ERR_PODWIRE_ABORTED', cause: reason });
  });

  it('does not begin when it is aborted already', async () => {
    await expect(dial(pathEndpoint(), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ERR_PODWIRE_ABORTED',
    });
  });

  if (knowsPeers) {
    it('sends nothing to a server that it does not trust', async () => {
      const endpoint = pathEndpoint();
      const received: Buffer[] = [];
      const server = await serve(endpoint.path, (socket) => socket.on('data', (chunk: Buffer) => received.push(chunk)));
      const connected = once(server, 'connection') as Promise<[Socket]>;
      await expect(dial(endpoint, { allowServer: users(4_000_000) })).rejects.toMatchObject({
        code: 'ERR_PODWIRE_PEER_REFUSED',
        message: expect.stringContaining('users(4000000)'),
      });
      const [accepted] = await connected;
      await once(accepted, 'close');
      expect(received).toEqual([]);
    });

    it('keeps what a policy has thrown as the cause', async () => {
      const endpoint = pathEndpoint();
      await serve(endpoint.path);
      const cause = new Error('broken policy');
      const allowServer: PeerPolicy = () => {
        throw cause;
      };
      await expect(dial(endpoint, { allowServer })).rejects.toMatchObject({ code: 'ERR_PODWIRE_PEER_REFUSED', cause });
    });
  } else {
    it('does not even connect for a policy that nobody can hold', async () => {
      const endpoint = pathEndpoint();
      let connected = 0;
      await serve(endpoint.path, () => connected++);
      await expect(dial(endpoint, { allowServer: users(process.geteuid!()) })).rejects.toMatchObject({
        code: 'ERR_PODWIRE_UNSUPPORTED',
        message: expect.stringContaining('allowServer: anyone()'),
      });
      const first = once(servers[0]!, 'connection');
      await dial(endpoint);
      await first;
      expect(connected).toBe(1);
    });
  }

  it('takes nothing but a policy', async () => {
    const allowServer = sameUser as unknown as PeerPolicy;
    await expect(dial(pathEndpoint(), { allowServer })).rejects.toThrow(TypeError);
  });

  it('checks the address before it tries', async () => {
    await expect(dial({ kind: 'path', path: 'x'.repeat(108) })).rejects.toThrow(EndpointError);
    await expect(dial({ kind: 'abstract', name: new Uint8Array(0) })).rejects.toThrow(EndpointError);
    await expect(dial({ kind: 'fd', fd: 3 })).rejects.toMatchObject({ code: 'ERR_PODWIRE_UNSUPPORTED' });
  });

  it.each([' a', 'a:b!@#$%25^&*()', '@a', '~', 'é\ufeff', '\n', '%2F', '..a'])(
    'dials a path called %j',
    async (name) => {
      await serve(join(folder, name));
      await dial(parseEndpoint(printEndpoint(pathEndpoint(name))));
      // White space at the end is taken for a slip, where it is not escaped.
      if (name.trimEnd() === name) await dial(parseEndpoint(join(folder, name)));
      else expect(() => parseEndpoint(join(folder, name))).toThrow(EndpointError);
    },
  );

  it('dials a path relative to the working directory', async () => {
    await serve(join(folder, 'rel.sock'));
    const old = process.cwd();
    process.chdir(folder);
    try {
      await dial({ kind: 'path', path: 'rel.sock' });
    } finally {
      process.chdir(old);
    }
  });

  it('dials a relative path from a folder whose own path is longer than an address can be', async () => {
    const deep = join(folder, 'd'.repeat(120));
    mkdirSync(deep);
    const old = process.cwd();
    process.chdir(deep);
    try {
      const endpoint: PathEndpoint = { kind: 'path', path: 'x.sock' };
      await serve('x.sock');
      await dial(endpoint);
      if (knowsPeers) await dial(endpoint, { protectedPath: true });
      // Links are resolved by the kernel, which has room enough.
      symlinkSync(join(deep, 'x.sock'), join(folder, 'link'));
      process.chdir(old);
      await dial(pathEndpoint('link'));
      if (knowsPeers) await dial(pathEndpoint('link'), { protectedPath: true });
    } finally {
      process.chdir(old);
    }
  });

  it('keeps what arrives before it is resumed', async () => {
    const endpoint = pathEndpoint();
    let sent!: Promise<void>;
    const server = await serve(endpoint.path, (accepted) => {
      sent = new Promise((resolve) => accepted.end('early', resolve));
    });
    const connected = once(server, 'connection');
    const socket = await dial(endpoint);
    expect(socket.isPaused()).toBe(true);
    let received = '';
    socket.on('data', (chunk) => (received += chunk));
    await connected;
    await sent;
    // In a turn of the event loop all that is in the kernel is read, if anybody reads.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(received).toBe('');
    const ended = once(socket, 'end');
    socket.resume();
    await ended;
    expect(received).toBe('early');
  });

  it('reports a lost connection once it is resumed', async () => {
    const endpoint = pathEndpoint();
    const server = await stoppedServer(endpoint);
    const socket = await dial(endpoint);
    socket.resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    // The kernel resets what waits in the queue of a listening socket that closes.
    await server.kill('SIGKILL');
    expect(await closed).toBe(true);
  });
});
