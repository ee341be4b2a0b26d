import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createNodeServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HealthCheckResponse_ServingStatus, HealthDefinition } from '../../gen/grpc/health/v1/health.js';
import type { PathEndpoint } from '../../src/endpoint/endpoint.js';
import { printEndpoint } from '../../src/endpoint/print-endpoint.js';
import { createChannel, createClient, createServer } from '../../src/index.js';
import { dialSocket } from '../../src/socket/dial-socket.js';
import type { ListenOptions } from '../../src/socket/listen-options.js';
import type { SocketError } from '../../src/socket/socket-error.js';
import { listenSocket, type SocketListener } from '../../src/socket/socket-listener.js';
import { openDescriptors } from './open-descriptors.js';
import { startSocketProcess } from './start-socket-process.js';

let root: string;
let folder: string;
let endpoint: PathEndpoint;
let before: readonly string[];
let listeners: SocketListener[];
let sockets: Socket[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'podwire-'));
  folder = join(root, 'plugins');
  mkdirSync(folder);
  endpoint = { kind: 'path', path: join(folder, 'x.sock') };
  listeners = [];
  sockets = [];
  before = openDescriptors(root);
});

afterEach(async () => {
  for (const listener of listeners) await listener.close();
  for (const socket of sockets) {
    if (socket.closed) continue;
    const closed = once(socket, 'close');
    socket.destroy();
    await closed;
  }
  const after = openDescriptors(root);
  rmSync(root, { recursive: true });
  expect(after).toEqual(before);
});

interface WatchedListener extends SocketListener {
  /** The next thing that befalls the path: a final loss, or that it is ours again. */
  next(): Promise<SocketError | 'relistened'>;
  readonly errors: Error[];
}

/** An echo server. */
async function listen(options: ListenOptions = {}, at = endpoint): Promise<WatchedListener> {
  const fates: (SocketError | 'relistened')[] = [];
  const errors: Error[] = [];
  let wake = (): void => {};
  const add = (fate: SocketError | 'relistened'): void => {
    fates.push(fate);
    wake();
  };
  const listener = await listenSocket(
    at,
    { onLost: add, onRelisten: () => add('relistened'), ...options },
    {
      onConnection(socket) {
        sockets.push(socket);
        socket.on('error', () => {});
        socket.pipe(socket);
      },
      onRefused: (socket) => socket.destroy(),
      onError: (error) => errors.push(error),
    },
  );
  listeners.push(listener);
  return Object.assign(listener, {
    errors,
    async next() {
      while (fates.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return fates.shift()!;
    },
  });
}

async function dial(at = endpoint): Promise<Socket> {
  const { socket } = await dialSocket(at);
  sockets.push(socket);
  return socket;
}

async function echo(socket: Socket): Promise<void> {
  const arrived = once(socket, 'data');
  socket.write('hello');
  socket.resume();
  expect(String((await arrived)[0])).toBe('hello');
}

describe('a listener whose path is lost', () => {
  it.each<[string, () => void]>([
    ['removed', () => unlinkSync(endpoint.path)],
    ['removed', () => renameSync(endpoint.path, join(folder, 'moved'))],
    ['removed', () => rmSync(folder, { recursive: true })],
    ['removed', () => renameSync(folder, join(root, 'other'))],
    [
      'replaced',
      () => {
        writeFileSync(join(folder, 'new'), 'precious');
        renameSync(join(folder, 'new'), endpoint.path);
      },
    ],
  ])('says that it was %s (%#)', async (state, lose) => {
    const listener = await listen();
    const client = await dial();
    lose();
    expect(await listener.next()).toMatchObject({
      code: 'ERR_PODWIRE_LOST',
      endpoint: printEndpoint(endpoint),
      message: expect.stringMatching(new RegExp(`${state}.*relisten: true`)),
    });
    // Accepted connections go on.
    await echo(client);
    await listener.close();
    if (state === 'replaced') expect(readFileSync(endpoint.path, 'utf8')).toBe('precious');
  });

  it('warns when nobody wants to be told', async () => {
    const warned = once(process, 'warning') as Promise<[Error]>;
    listeners.push(await listenSocket(endpoint, {}, { onConnection: () => {}, onRefused: () => {} }));
    unlinkSync(endpoint.path);
    expect((await warned)[0].message).toMatch(/removed.*relisten/);
  });

  it('is not alarmed by other files, nor by its own close', async () => {
    const listener = await listen();
    writeFileSync(join(folder, 'other'), '');
    chmodSync(endpoint.path, 0o666);
    chmodSync(folder, 0o700);
    unlinkSync(join(folder, 'other'));
    await listener.close();
    mkdirSync(join(folder, 'sub'));
    const fate = await Promise.race([listener.next(), delay(50, 'nothing')]);
    expect(fate).toBe('nothing');
  });

  it('hears nothing of a folder further up that is moved away, and leaves its file there', async () => {
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    const listener = await listen({}, { kind: 'path', path: join(inner, 'x.sock') });
    // It looks once when the watch has begun.
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    renameSync(folder, join(root, 'moved'));
    const fate = await Promise.race([listener.next(), delay(50, 'nothing')]);
    expect(fate).toBe('nothing');
    await listener.close();
    expect(lstatSync(join(root, 'moved/inner/x.sock')).isSocket()).toBe(true);
  });

  it('lets the process end after closing', async () => {
    await using child = startSocketProcess('listen', printEndpoint(endpoint));
    await child.next();
    // Were the watch of the folder to hold it, this would wait for ever.
    await child.end();
    expect(child.child.exitCode).toBe(0);
  });

  it('says that it looks once a second where there is no inotify, and does', async (context) => {
    const root = spawnSync('unshare', ['--user', '--map-root-user', 'true']).status === 0 && process.geteuid?.() === 0;
    context.skip(!root, 'needs root and unshare(1), to limit inotify in a user namespace');
    const limited = 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$0" "$@"';
    const prefix = ['unshare', '--user', '--map-root-user', 'sh', '-c', limited];
    await using child = startSocketProcess('listen', printEndpoint(endpoint), { relisten: true }, { prefix });
    const events = [await child.next(), await child.next()];
    expect(events).toContainEqual({
      event: 'error',
      code: expect.stringMatching(/EMFILE|ENOSPC/),
      message: expect.stringContaining('once a second'),
    });
    unlinkSync(endpoint.path);
    expect(await child.next()).toEqual({ event: 'relistened' });
    await echo(await dial());
  });
});

describe('relisten', () => {
  it.each<[string, () => void]>([
    ['its file is removed', () => unlinkSync(endpoint.path)],
    ['its file is moved away', () => renameSync(endpoint.path, join(root, 'moved'))],
  ])('listens again when %s', async (_, lose) => {
    const listener = await listen({ relisten: true, mode: 0o640 });
    const early = await dial();
    lose();
    expect(await listener.next()).toBe('relistened');
    await echo(early);
    await echo(await dial());
    expect(lstatSync(endpoint.path).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder)).toEqual(['x.sock']);
    expect(listener.counters).toMatchObject({ accepted: 2, relistened: 1 });
    await listener.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes over from a socket that nobody listens on', async () => {
    const listener = await listen({ relisten: true });
    const server = createNodeServer().listen(join(folder, 'dead.sock'));
    await once(server, 'listening');
    renameSync(join(folder, 'dead.sock'), join(folder, 'moved'));
    await new Promise((resolve) => server.close(resolve));
    renameSync(join(folder, 'moved'), endpoint.path);
    expect(await listener.next()).toBe('relistened');
    await echo(await dial());
  });

  it('leaves the path to another live server', async () => {
    const listener = await listen({ relisten: true });
    unlinkSync(endpoint.path);
    const server = createNodeServer((socket) => socket.on('error', () => {}).end('successor'));
    server.listen(join(folder, 'y.sock'));
    await once(server, 'listening');
    // Where the first try comes before it, the second loss finds it there.
    renameSync(join(folder, 'y.sock'), endpoint.path);
    let fate = await listener.next();
    while (fate === 'relistened') fate = await listener.next();
    expect(fate).toMatchObject({
      code: 'ERR_PODWIRE_LOST',
      cause: { code: 'EADDRINUSE' },
      message: expect.stringContaining('place is taken'),
    });
    await listener.close();
    const [bytes] = await once((await dial()).resume(), 'data');
    expect(String(bytes)).toBe('successor');
    await new Promise((resolve) => server.close(resolve));
  });

  it('leaves a regular file where it is', async () => {
    const listener = await listen({ relisten: true });
    writeFileSync(join(folder, 'new'), 'precious');
    renameSync(join(folder, 'new'), endpoint.path);
    expect(await listener.next()).toMatchObject({ code: 'ERR_PODWIRE_LOST', cause: { code: 'EADDRINUSE' } });
    await listener.close();
    expect(readFileSync(endpoint.path, 'utf8')).toBe('precious');
  });

  it('waits for its folder to come back', async () => {
    const listener = await listen({ relisten: true });
    rmSync(folder, { recursive: true });
    while (listener.errors.length === 0) await delay(5);
    expect(listener.errors).toMatchObject([{ code: 'ENOENT', message: expect.stringContaining('does not exist') }]);
    mkdirSync(folder);
    expect(await listener.next()).toBe('relistened');
    await echo(await dial());
    // And again: the new folder is watched.
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    expect(await listener.next()).toBe('relistened');
    await echo(await dial());
  });

  it('makes its folder again if it may', async () => {
    const listener = await listen({ relisten: true, createParent: true });
    rmSync(folder, { recursive: true });
    expect(await listener.next()).toBe('relistened');
    await echo(await dial());
  });

  it('keeps to its path when the working directory changes', async () => {
    const old = process.cwd();
    process.chdir(folder);
    try {
      const listener = await listen({ relisten: true }, { kind: 'path', path: 'x.sock' });
      process.chdir(old);
      unlinkSync(endpoint.path);
      expect(await listener.next()).toBe('relistened');
      expect(readdirSync(folder)).toEqual(['x.sock']);
      expect(listener.endpoint).toEqual({ kind: 'path', path: 'x.sock' });
      await listener.close();
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      process.chdir(old);
    }
  });

  it('binds nowhere else when only its relative path is short enough', async () => {
    const old = process.cwd();
    const deep = join(folder, 'd'.repeat(120));
    mkdirSync(deep);
    process.chdir(deep);
    try {
      const listener = await listen({ relisten: true }, { kind: 'path', path: 'x.sock' });
      process.chdir(folder);
      unlinkSync(join(deep, 'x.sock'));
      while (listener.errors.length === 0) await delay(2);
      expect(listener.errors).toMatchObject([{ code: 'ENAMETOOLONG' }]);
      expect(readdirSync(folder)).toEqual(['d'.repeat(120)]);
      process.chdir(deep);
      expect(await listener.next()).toBe('relistened');
      await echo(await dial({ kind: 'path', path: 'x.sock' }));
    } finally {
      process.chdir(old);
    }
  });

  it('stops trying when it is closed', async () => {
    const listener = await listen({ relisten: true });
    rmSync(folder, { recursive: true });
    while (listener.errors.length === 0) await delay(5);
    await listener.close();
    mkdirSync(folder);
    await delay(50);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves no file when it is closed in the middle', async () => {
    const listener = await listen({ relisten: true });
    unlinkSync(endpoint.path);
    // The event is there, and the new socket perhaps half made.
    while (listener.counters.relistened === 0 && !existsSync(endpoint.path)) await new Promise(setImmediate);
    await listener.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('loses nobody who had connected before', async () => {
    const listener = await listen({ relisten: true });
    for (let round = 0; round < 20; round++) {
      const clients = await Promise.all(Array.from({ length: 10 }, () => dial()));
      unlinkSync(endpoint.path);
      expect(await listener.next()).toBe('relistened');
      await Promise.all(clients.map(echo));
    }
    expect(listener.counters).toMatchObject({ accepted: 200, relistened: 20 });
  });

  it('is refused for an inherited socket', async () => {
    const events = { onConnection: () => {}, onRefused: () => {} };
    await expect(listenSocket({ kind: 'fd', fd: 3 }, { relisten: true }, events)).rejects.toMatchObject({
      code: 'ERR_PODWIRE_UNSUPPORTED',
      message: expect.stringContaining('relisten'),
    });
  });

  it('carries a server through losses under load, and clients find it again', async () => {
    const server = createServer();
    server.add(HealthDefinition, {
      check: () => Promise.resolve({ status: HealthCheckResponse_ServingStatus.SERVING }),
      async *watch() {},
      list: () => Promise.resolve({}),
    });
    let relistened = (): void => {};
    const listener = await server.listen(endpoint, { relisten: true, onRelisten: () => relistened() });
    let calls = 0;
    let stop = false;
    const load = Array.from({ length: 8 }, async () => {
      while (!stop) {
        // A channel for each call, so that all of them dial in the midst of the losses.
        const channel = createChannel(endpoint, { waitForReady: true });
        const { status } = await createClient(HealthDefinition, channel).check({}, { timeoutMs: 15_000 });
        expect(status).toBe(HealthCheckResponse_ServingStatus.SERVING);
        calls++;
        await channel.close();
      }
    });
    const steady = createChannel(endpoint, { waitForReady: true });
    const client = createClient(HealthDefinition, steady);
    for (let loss = 0; loss < 25; loss++) {
      const again = new Promise<void>((resolve) => (relistened = resolve));
      unlinkSync(endpoint.path);
      await again;
      // Its connection is still the first.
      await client.check({});
    }
    stop = true;
    await Promise.all(load);
    expect(calls).toBeGreaterThan(0);
    expect(listener.counters.relistened).toBe(25);
    await steady.close();
    await server.shutdown();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes a client over to the new server', async () => {
    const serve = async (name: string): Promise<{ shutdown(): Promise<void> }> => {
      const server = createServer();
      server.add(HealthDefinition, {
        check: (_, { header }) => {
          header.set('server', name);
          return Promise.resolve({ status: HealthCheckResponse_ServingStatus.SERVING });
        },
        async *watch() {},
        list: () => Promise.resolve({}),
      });
      await server.listen(endpoint, { onLost: () => {} });
      return server;
    };
    const first = await serve('first');
    const channel = createChannel(endpoint, { waitForReady: true });
    const client = createClient(HealthDefinition, channel);
    const who = async (): Promise<unknown> => {
      let name: unknown;
      await client.check({}, { onHeader: (header) => (name = header.get('server')), timeoutMs: 10_000 });
      return name;
    };
    expect(await who()).toBe('first');
    unlinkSync(endpoint.path);
    const second = await serve('second');
    expect(await who()).toBe('first');
    await first.shutdown();
    expect(await who()).toBe('second');
    await channel.close();
    await second.shutdown();
  });
});
