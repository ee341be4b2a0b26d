import cluster from 'node:cluster';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AbstractEndpoint, Endpoint, PathEndpoint } from '../../src/endpoint/endpoint.js';
import { printEndpoint } from '../../src/endpoint/print-endpoint.js';
import { dialSocket } from '../../src/socket/dial-socket.js';
import { libc } from '../../src/socket/libc.js';
import type { ListenOptions } from '../../src/socket/listen-options.js';
import type { Peer } from '../../src/socket/peer.js';
import { anyone, type PeerPolicy, sameUser, users } from '../../src/socket/peer-policy.js';
import { socketAddress } from '../../src/socket/socket-address.js';
import { SocketError } from '../../src/socket/socket-error.js';
import { listenSocket, type SocketListener } from '../../src/socket/socket-listener.js';
import { unixStreamSocket } from '../../src/socket/unix-stream-socket.js';
import { hasAbstractNames } from './has-abstract-names.js';
import { knowsPeers } from './knows-peers.js';
import { openDescriptors } from './open-descriptors.js';
import { type SocketProcess, startSocketProcess } from './start-socket-process.js';

const isRoot = process.geteuid?.() === 0;
const needsRoot = 'needs root, to be other users';

let folder: string;
let listeners: SocketListener[];
let sockets: Socket[];
let processes: SocketProcess[];
let before: readonly string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-'));
  chmodSync(folder, 0o755);
  listeners = [];
  sockets = [];
  processes = [];
  before = openDescriptors(folder);
});

/** Closes all and checks that no descriptor is left. */
afterEach(async () => {
  for (const process of processes) await process[Symbol.asyncDispose]();
  // First of all, so that no further connection is accepted.
  for (const listener of listeners) await listener.close();
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

interface Accepted {
  readonly socket: Socket;
  readonly peer: Peer;
  readonly reason?: string;
}

interface TestListener extends SocketListener {
  /** The next accepted or refused connection. */
  next(): Promise<Accepted>;
  readonly errors: Error[];
}

async function listen(endpoint: Endpoint, options: ListenOptions = {}): Promise<TestListener> {
  const queue: Accepted[] = [];
  const errors: Error[] = [];
  let wake = (): void => {};
  const add = (accepted: Accepted): void => {
    sockets.push(accepted.socket);
    queue.push(accepted);
    wake();
  };
  const listener = await listenSocket(endpoint, options, {
    onConnection: (socket, peer) => add({ socket, peer }),
    onRefused: (socket, peer, reason) => add({ socket, peer, reason }),
    onError: (error) => errors.push(error),
  });
  listeners.push(listener);
  return Object.assign(listener, {
    errors,
    async next() {
      while (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return queue.shift()!;
    },
  });
}

async function dial(endpoint: Endpoint): Promise<Socket> {
  const { socket } = await dialSocket(endpoint, { allowServer: anyone() });
  sockets.push(socket);
  return socket;
}

function start(...parameters: Parameters<typeof startSocketProcess>): SocketProcess {
  const process = startSocketProcess(...parameters);
  processes.push(process);
  return process;
}

const pathEndpoint = (name = 'x.sock'): PathEndpoint => ({ kind: 'path', path: join(folder, name) });
let abstractCount = 0;
const abstractEndpoint = (tail: readonly number[] = []): AbstractEndpoint => ({
  kind: 'abstract',
  name: Buffer.concat([Buffer.from(`podwire-test-${process.pid}-${abstractCount++}`), Buffer.from(tail)]),
});

/** Sends both ways, and checks that what was sent before anybody listened arrives. */
async function talk(client: Socket, server: Socket): Promise<void> {
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.write('hello');
    const arrived = once(to, 'data');
    to.resume();
    expect(String((await arrived)[0])).toBe('hello');
  }
}

const permissions = (path: string): number => lstatSync(path).mode & 0o777;

describe('listening on a path', () => {
  it('connects two sockets and knows both sides', async () => {
    const endpoint = pathEndpoint();
    const listener = await listen(endpoint);
    const { socket, peer: server } = await dialSocket(endpoint);
    sockets.push(socket);
    const { socket: accepted, peer } = await listener.next();
    await talk(socket, accepted);
    const self = {
      uid: process.geteuid!(),
      gid: process.getegid!(),
      pid: process.pid,
      endpoint: printEndpoint(endpoint),
    };
    expect(peer).toMatchObject(knowsPeers ? self : { groups: [], endpoint: self.endpoint });
    expect(server).toMatchObject(knowsPeers ? self : { groups: [], endpoint: self.endpoint });
    expect(new Set(peer.groups)).toEqual(new Set(process.getgroups!().filter((gid) => peer.groups.includes(gid))));
    expect(listener.counters).toMatchObject({ accepted: 1, refused: 0, disconnected: 0 });
    expect(listener.connectionCount).toBe(1);
  });

  it('hands over sockets from which nothing has been read', async () => {
    const endpoint = pathEndpoint();
    const listener = await listen(endpoint);
    const client = await dial(endpoint);
    const { socket } = await listener.next();
    await new Promise<void>((resolve) => client.write('early', () => resolve()));
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(socket.bytesRead).toBe(0);
    expect(socket.isPaused()).toBe(true);
    const arrived = once(socket, 'data');
    socket.resume();
    expect(String((await arrived)[0])).toBe('early');
  });

  it.each([
    [undefined, 0o022, 0o600],
    [0o600, 0o777, 0o600],
    [0o660, 0o022, 0o660],
    [0o666, 0o077, 0o666],
    [0o600, 0o000, 0o600],
  ])('gives the file mode %s whatever the umask %s', async (mode, umask, expected) => {
    const endpoint = pathEndpoint();
    const old = process.umask(umask);
    try {
      await listen(endpoint, mode === undefined ? {} : { mode });
    } finally {
      process.umask(old);
    }
    expect(permissions(endpoint.path)).toBe(expected);
  });

  it('leaves nothing but the socket in the folder, and nothing after closing', async () => {
    const listener = await listen(pathEndpoint());
    expect(readdirSync(folder)).toEqual(['x.sock']);
    await listener.close();
    await listener.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('closes without touching accepted sockets', async () => {
    const endpoint = pathEndpoint();
    const listener = await listen(endpoint);
    const client = await dial(endpoint);
    const { socket } = await listener.next();
    await listener.close();
    await expect(dial(endpoint)).rejects.toMatchObject({ code: 'ENOENT' });
    await talk(client, socket);
    expect(listener.connectionCount).toBe(1);
    const closed = once(socket, 'close');
    client.destroy();
    await closed;
    expect(listener.connectionCount).toBe(0);
  });

  it('keeps to its file when the working directory changes', async () => {
    const old = process.cwd();
    try {
      process.chdir(folder);
      const listener = await listen({ kind: 'path', path: 'rel.sock' });
      process.chdir(old);
      expect(existsSync(join(folder, 'rel.sock'))).toBe(true);
      await listener.close();
      expect(existsSync(join(folder, 'rel.sock'))).toBe(false);
    } finally {
      process.chdir(old);
    }
  });

  it('does not remove what has replaced its file', async () => {
    const endpoint = pathEndpoint();
    const first = await listen(endpoint, { onLost: () => {} });
    unlinkSync(endpoint.path);
    const second = await listen(endpoint, { onLost: () => {} });
    await first.close();
    const client = await dial(endpoint);
    await talk(client, (await second.next()).socket);

    renameSync(endpoint.path, join(folder, 'moved'));
    writeFileSync(endpoint.path, 'precious');
    await second.close();
    expect(readFileSync(endpoint.path, 'utf8')).toBe('precious');
  });

  it('does not steal a live socket, and names its holder', async () => {
    const endpoint = pathEndpoint();
    const holder = start('listen', printEndpoint(endpoint));
    expect(await holder.next()).toMatchObject({ event: 'listening' });
    const { ino } = lstatSync(endpoint.path);
    await expect(listen(endpoint)).rejects.toMatchObject({
      code: 'EADDRINUSE',
      // Without koffi nobody knows.
      ...(knowsPeers && { holder: { pid: holder.child.pid } }),
      message: expect.stringContaining(knowsPeers ? `process ${holder.child.pid}` : 'a live server'),
    });
    expect(lstatSync(endpoint.path).ino).toBe(ino);
    await holder.end();
    expect(existsSync(endpoint.path)).toBe(false);
  });

  it('does not steal a live socket of its own process', async () => {
    const endpoint = pathEndpoint();
    const listener = await listen(endpoint);
    await expect(listen(endpoint)).rejects.toMatchObject({
      code: 'EADDRINUSE',
      ...(knowsPeers && { holder: { pid: process.pid } }),
    });
    const client = await dial(endpoint);
    // The probe came first; it has closed without a byte.
    await listener.next();
    await talk(client, (await listener.next()).socket);
  });

  it('queues as many as its backlog says', async () => {
    const endpoint = pathEndpoint();
    await listen(endpoint, { backlog: 3 });
    // All in one turn, in which nothing is accepted. Linux lets in one more than the backlog.
    const dials = Array.from({ length: 5 }, () => dialSocket(endpoint, { timeoutMs: 0 }));
    const results = await Promise.allSettled(dials);
    for (const result of results)
      if (result.status === 'fulfilled') sockets.push(result.value.socket.on('error', () => {}));
    expect(results.map((result) => (result.status === 'rejected' ? result.reason.code : 'connected'))).toEqual([
      ...Array(4).fill('connected'),
      'ETIMEDOUT',
    ]);
  });

  it('does not steal a live socket whose backlog is full', async () => {
    const endpoint = pathEndpoint();
    const holder = start('listen', printEndpoint(endpoint), { backlog: 1 });
    await holder.next();
    holder.child.kill('SIGSTOP');
    const fill = async (): Promise<never> => {
      for (;;) sockets.push((await dialSocket(endpoint, { timeoutMs: 0 })).socket.on('error', () => {}));
    };
    await expect(fill()).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await expect(listen(endpoint)).rejects.toMatchObject({
      code: 'EADDRINUSE',
      ...(knowsPeers && { holder: { pid: holder.child.pid } }),
      message: expect.stringContaining('a live server'),
    });
    expect(existsSync(endpoint.path)).toBe(true);
  });

  it('takes over from a killed process', async () => {
    const endpoint = pathEndpoint();
    const killed = start('listen', printEndpoint(endpoint));
    await killed.next();
    await killed.kill('SIGKILL');
    expect(lstatSync(endpoint.path).isSocket()).toBe(true);
    await expect(dial(endpoint)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const listener = await listen(endpoint);
    const client = await dial(endpoint);
    await talk(client, (await listener.next()).socket);
    expect(readdirSync(folder)).toEqual(['x.sock']);
  });

  it('lets one of many racing starters win', async () => {
    const endpoint = pathEndpoint();
    const killed = start('listen', printEndpoint(endpoint));
    await killed.next();
    await killed.kill('SIGKILL');
    const others = [start('listen', printEndpoint(endpoint)), start('listen', printEndpoint(endpoint))];
    const ours = Promise.allSettled(Array.from({ length: 6 }, () => listen(endpoint)));
    const events = await Promise.all(others.map((other) => other.next()));
    const results = await ours;
    const won = results.filter(({ status }) => status === 'fulfilled').length;
    expect(won + events.filter(({ event }) => event === 'listening').length).toBe(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'EADDRINUSE' });
    }
    for (const event of events) if (event.event !== 'listening') expect(event).toMatchObject({ code: 'EADDRINUSE' });
    await dial(endpoint);
  });

  // Without koffi there is no lock, nor a way to bind without listening.
  if (knowsPeers) {
    it('waits for its turn while another starter holds the lock of the folder', async () => {
      const endpoint = pathEndpoint();
      const lock = openSync(folder, 'r');
      expect(libc().tryLock(lock)).toBe(0);
      const listening = listen(endpoint);
      await delay(50);
      expect(readdirSync(folder)).toEqual([]);
      closeSync(lock);
      await listening;
      expect(readdirSync(folder)).toEqual(['x.sock']);
    });

    it('does not take a socket that is about to listen for a stale one', async () => {
      const endpoint = pathEndpoint();
      const fd = unixStreamSocket(endpoint);
      expect(libc().bind(fd, socketAddress(endpoint))).toBe(0);
      const listening = listen(endpoint);
      // Before the second probe, since this timer is both older and shorter.
      setTimeout(() => libc().listen(fd, 5), 5);
      await expect(listening).rejects.toMatchObject({ code: 'EADDRINUSE', holder: { pid: process.pid } });
      expect(existsSync(endpoint.path)).toBe(true);
      closeSync(fd);
    });
  }

  it('keeps a regular file, a directory and symbolic links', async () => {
    writeFileSync(join(folder, 'file'), 'precious');
    mkdirSync(join(folder, 'directory'));
    const live = await listen(pathEndpoint('live.sock'));
    symlinkSync('live.sock', join(folder, 'link'));
    symlinkSync('nowhere', join(folder, 'dangling'));
    for (const [name, kind] of [
      ['file', 'a regular file'],
      ['directory', 'a directory'],
      ['link', 'a symbolic link'],
      ['dangling', 'a symbolic link'],
    ] as const) {
      await expect(listen(pathEndpoint(name))).rejects.toMatchObject({
        code: 'EADDRINUSE',
        message: expect.stringContaining(kind),
      });
    }
    expect(readdirSync(folder).sort()).toEqual(['dangling', 'directory', 'file', 'link', 'live.sock']);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('precious');
    await live.close();
  });

  it('keeps a symbolic link to a stale socket', async () => {
    const endpoint = pathEndpoint('stale.sock');
    const killed = start('listen', printEndpoint(endpoint));
    await killed.next();
    await killed.kill('SIGKILL');
    symlinkSync('stale.sock', join(folder, 'link'));
    await expect(listen(pathEndpoint('link'))).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(readdirSync(folder).sort()).toEqual(['link', 'stale.sock']);
  });

  it.skipIf(process.platform !== 'linux' || process.geteuid?.() !== 0)('says so where no socket can be', async () => {
    await expect(listen({ kind: 'path', path: '/proc/x.sock' })).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringContaining('the file system of /proc has no socket files'),
    });
  });

  it('names a missing parent, and makes it when asked', async () => {
    const endpoint = pathEndpoint('a/b/x.sock');
    await expect(listen(endpoint)).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringContaining('createParent'),
    });
    await listen(endpoint, { createParent: true });
    expect(lstatSync(endpoint.path).isSocket()).toBe(true);
    expect(permissions(join(folder, 'a'))).toBe(0o755 & ~process.umask());
  });

  it('reports a parent that is a file', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(listen(pathEndpoint('file/x.sock'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('gives the file to another owner and group, and takes over from it', async (context) => {
    context.skip(!isRoot, needsRoot);
    const endpoint = pathEndpoint();
    const options = { owner: 1234, group: 2345, mode: 0o660 };
    const listener = await listen(endpoint, options);
    expect(lstatSync(endpoint.path)).toMatchObject({ uid: 1234, gid: 2345 });
    expect(permissions(endpoint.path)).toBe(0o660);
    const member = start('dial', printEndpoint(endpoint), { uid: 4000, gid: 4000, groups: [2345], send: 'hi' });
    expect(await member.next()).toMatchObject({ event: 'dialed' });
    const identity = { uid: 4000, gid: 4000, groups: [2345] };
    expect((await listener.next()).peer).toMatchObject(knowsPeers ? identity : { groups: [] });
    const stranger = start('dial', printEndpoint(endpoint), { uid: 4000, gid: 4000, groups: [] });
    expect(await stranger.next()).toMatchObject({ event: 'failed', code: 'EACCES' });

    // What is left of us, as after a kill: a second name keeps the file when the listener removes the first.
    linkSync(endpoint.path, join(folder, 'kept'));
    await listener.close();
    renameSync(join(folder, 'kept'), endpoint.path);
    await listen(endpoint, options);
  });

  it('keeps a stale socket of another user', async (context) => {
    context.skip(!isRoot, needsRoot);
    chmodSync(folder, 0o777);
    const endpoint = pathEndpoint();
    const killed = start('listen', printEndpoint(endpoint), { uid: 1234, gid: 1234, groups: [] });
    expect(await killed.next()).toMatchObject({ event: 'listening' });
    await killed.kill('SIGKILL');
    await expect(listen(endpoint)).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: expect.stringContaining('uid 1234'),
    });
    expect(existsSync(endpoint.path)).toBe(true);
  });

  it('does not take the place of a server that it may not connect to', async (context) => {
    context.skip(!isRoot, needsRoot);
    chmodSync(folder, 0o777);
    const endpoint = pathEndpoint();
    await listen(endpoint);
    const child = start('listen', printEndpoint(endpoint), { uid: 1234, gid: 1234, groups: [] });
    expect(await child.next()).toMatchObject({
      event: 'failed',
      code: 'EADDRINUSE',
      message: expect.stringContaining(
        'whether its server lives cannot be seen (EACCES); stop that server, have its owner',
      ),
    });
    expect(existsSync(endpoint.path)).toBe(true);
  });

  it('leaves no file when the owner cannot be set', async (context) => {
    context.skip(!isRoot, needsRoot);
    chmodSync(folder, 0o777);
    const endpoint = printEndpoint(pathEndpoint());
    const child = start('listen', endpoint, { uid: 1234, gid: 1234, groups: [], owner: 0 });
    expect(await child.next()).toMatchObject({ event: 'failed', code: 'EPERM' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('reports a folder in which nothing may be made', async (context) => {
    context.skip(!isRoot, needsRoot);
    const child = start('listen', printEndpoint(pathEndpoint()), { uid: 1234, gid: 1234, groups: [] });
    expect(await child.next()).toMatchObject({ event: 'failed', code: 'EACCES' });
  });
});

const onAbstractNames = (): void => {
  it('has exactly the name that was asked for', async () => {
    const endpoint = abstractEndpoint();
    const padded: Endpoint = { kind: 'abstract', name: Buffer.concat([endpoint.name, Buffer.from([0])]) };
    const listener = await listen(endpoint, { allowPeer: anyone() });
    await expect(dial(padded)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const names = readFileSync('/proc/net/unix', 'latin1')
      .split('\n')
      .map((line) => line.split(' ').at(-1));
    expect(names).toContain(`@${Buffer.from(endpoint.name).toString('latin1')}`);
    const other = await listen(padded, { allowPeer: anyone() });
    await talk(await dial(endpoint), (await listener.next()).socket);
    await talk(await dial(padded), (await other.next()).socket);
  });

  it.each([
    // Which Node has no spelling for.
    ...(knowsPeers ? [['bytes that are no UTF-8', [0xff, 0xfe, 0x80]] as const] : []),
    ['a NUL in it', [0, 1, 0]],
    ['an at sign', [0x40]],
  ] as const)('takes a name with %s', async (_, tail) => {
    const endpoint = abstractEndpoint(tail);
    const listener = await listen(endpoint, { allowPeer: anyone() });
    const shown = Buffer.concat([Buffer.from([0]), endpoint.name])
      .toString('latin1')
      .replaceAll('\0', '@');
    expect(
      readFileSync('/proc/net/unix', 'latin1')
        .split('\n')
        .some((line) => line.endsWith(` ${shown}`)),
    ).toBe(true);
    await talk(await dial(endpoint), (await listener.next()).socket);
  });

  it('takes names of 1 and of 107 bytes', async () => {
    const long: Endpoint = { kind: 'abstract', name: Buffer.concat([abstractEndpoint().name], 107).fill(0x78, 40) };
    const listener = await listen(long, { allowPeer: anyone() });
    await talk(await dial(long), (await listener.next()).socket);
    // One byte leaves 256 names in the machine; take the first that is free, which NUL is one of.
    for (let byte = 0; ; byte++) {
      const short: Endpoint = { kind: 'abstract', name: Uint8Array.of(byte) };
      const single = await listen(short, { allowPeer: anyone() }).catch(() => undefined);
      if (single === undefined && byte < 255) continue;
      await talk(await dial(short), (await single!.next()).socket);
      break;
    }
  });

  it('is free again after closing', async () => {
    const endpoint = abstractEndpoint();
    await (await listen(endpoint, { allowPeer: anyone() })).close();
    await expect(dial(endpoint)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await listen(endpoint, { allowPeer: anyone() });
  });

  it('reports a taken name with its holder', async () => {
    const endpoint = abstractEndpoint();
    await listen(endpoint, { allowPeer: anyone() });
    await expect(listen(endpoint, { allowPeer: anyone() })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      holder: { pid: process.pid },
    });
  });

  it('has no file permissions to set', async () => {
    await expect(listen(abstractEndpoint(), { allowPeer: anyone(), mode: 0o600 })).rejects.toMatchObject({
      code: 'ERR_PODWIRE_UNSUPPORTED',
      message: expect.stringContaining('allowPeer'),
    });
  });

  it('has no default policy for root', async (context) => {
    context.skip(!isRoot, needsRoot);
    await expect(listen(abstractEndpoint())).rejects.toMatchObject({
      code: 'ERR_PODWIRE_POLICY_REQUIRED',
      message: expect.stringMatching(/listen\("unix-abstract:.*allowPeer: users\(0\)/),
    });
  });

  if (knowsPeers) {
    it('lets in the same user by default, and dials only to itself or root', async (context) => {
      context.skip(!isRoot, needsRoot);
      const endpoint = abstractEndpoint();
      const nobody = { uid: 1234, gid: 1234, groups: [] };
      const server = start('listen', printEndpoint(endpoint), nobody);
      expect(await server.next()).toMatchObject({ event: 'listening' });

      const same = start('dial', printEndpoint(endpoint), { ...nobody, send: 'hi' });
      expect(await same.next()).toMatchObject({ event: 'dialed', peer: { uid: 1234 } });
      expect(await same.next()).toEqual({ event: 'closed', echo: 'hi' });
      expect(await server.next()).toMatchObject({ event: 'connection', peer: { uid: 1234, pid: same.child.pid } });

      const other = start('dial', printEndpoint(endpoint), { uid: 1235, gid: 1234, groups: [], allowPeer: 'anyone' });
      expect(await other.next()).toMatchObject({ event: 'dialed' });
      expect(await server.next()).toMatchObject({
        event: 'refused',
        peer: { uid: 1235 },
        reason: expect.stringMatching(/uid 1235.*sameUser\(\)/),
      });

      await expect(dialSocket(endpoint)).rejects.toMatchObject({
        code: 'ERR_PODWIRE_PEER_REFUSED',
        message: expect.stringMatching(/uid 1234.*anyOf\(sameUser\(\), users\(0\)\)/),
      });
      expect(await server.next()).toMatchObject({ event: 'refused', peer: { uid: 0 } });
      await server.end();
      expect(await server.next()).toMatchObject({ event: 'closed', counters: { accepted: 1, refused: 2 } });
    });

    it('lets a user dial to root by default', async (context) => {
      context.skip(!isRoot, needsRoot);
      const endpoint = abstractEndpoint();
      const listener = await listen(endpoint, { allowPeer: users(1234) });
      const client = start('dial', printEndpoint(endpoint), { uid: 1234, gid: 1234, groups: [] });
      expect(await client.next()).toMatchObject({ event: 'dialed', peer: { uid: 0, pid: process.pid } });
      expect((await listener.next()).reason).toBeUndefined();
    });
  } else {
    it('has no default for a user either, where nobody can tell who comes', async (context) => {
      context.skip(!isRoot, needsRoot);
      const endpoint = printEndpoint(abstractEndpoint());
      for (const action of ['listen', 'dial'] as const) {
        const child = start(action, endpoint, { uid: 1234, gid: 1234, groups: [] });
        expect(await child.next()).toMatchObject({
          event: 'failed',
          code: 'ERR_PODWIRE_UNSUPPORTED',
          message: expect.stringMatching(/sameUser\(\).* would refuse everybody/),
        });
      }
    });
  }
};

if (hasAbstractNames) describe('listening on an abstract name', onAbstractNames);
else {
  describe('listening on an abstract name that would be padded', () => {
    it('is refused, with what to install', async () => {
      await expect(listen(abstractEndpoint(), { allowPeer: anyone() })).rejects.toMatchObject({
        code: 'ERR_PODWIRE_UNSUPPORTED',
        message: expect.stringMatching(/Install koffi/),
      });
    });
  });
}

describe('listening in a worker of node:cluster', () => {
  it('is refused, since the primary would listen on another file', async () => {
    const exec = fileURLToPath(new URL('./socket-process.ts', import.meta.url));
    cluster.setupPrimary({
      exec,
      args: ['listen', printEndpoint(pathEndpoint())],
      execArgv: ['--import', 'tsx'],
      silent: true,
    });
    const worker = cluster.fork();
    const exited = once(worker, 'exit');
    const [line] = await once(createInterface({ input: worker.process.stdout! }), 'line');
    expect(JSON.parse(line)).toMatchObject({
      event: 'failed',
      code: 'ERR_PODWIRE_UNSUPPORTED',
      message: expect.stringContaining('node:cluster'),
    });
    worker.disconnect();
    await exited;
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('turning peers away', () => {
  if (knowsPeers) {
    it('hands a refused peer over unread, with the reason', async () => {
      const endpoint = pathEndpoint();
      const listener = await listen(endpoint, { allowPeer: users(4_000_000) });
      const client = await dial(endpoint);
      client.write('not to be read');
      const { socket, reason } = await listener.next();
      expect(reason).toMatch(/^the peer \(uid \d+.*\) is not allowed by users\(4000000\)$/);
      expect(socket.bytesRead).toBe(0);
      socket.end('no');
      const arrived = once(client, 'data');
      client.resume();
      expect(String((await arrived)[0])).toBe('no');
      expect(listener.counters).toMatchObject({ accepted: 0, refused: 1, refusedByPolicy: 1, refusedByLimit: 0 });
      expect(listener.connectionCount).toBe(0);
    });

    it.each<[string, PeerPolicy]>([
      [
        'throws',
        () => {
          throw new Error('broken policy');
        },
      ],
      ['answers with something else than true', (() => 1) as unknown as PeerPolicy],
      ['answers later', (async () => true) as unknown as PeerPolicy],
      ['answers later, and fails', (() => Promise.reject(new Error('broken policy'))) as unknown as PeerPolicy],
    ])('refuses when the policy %s', async (kind, allowPeer) => {
      const listener = await listen(pathEndpoint(), { allowPeer });
      await dial(listener.endpoint);
      expect((await listener.next()).reason).toMatch(/is not allowed/);
      expect(listener.errors.length).toBe(kind.startsWith('answers with') ? 0 : 1);
    });

    it('limits the connections, of all and of one user', async (context) => {
      context.skip(!isRoot, needsRoot);
      const listener = await listen(pathEndpoint(), { maxConnections: 3, maxConnectionsPerUser: 2, mode: 0o666 });
      const first = await dial(listener.endpoint);
      const { socket } = await listener.next();
      await dial(listener.endpoint);
      await listener.next();
      await dial(listener.endpoint);
      expect((await listener.next()).reason).toMatch(/this user has 2/);

      const options = { uid: 1234, gid: 1234, groups: [] };
      start('dial', printEndpoint(listener.endpoint), options);
      expect((await listener.next()).reason).toBeUndefined();
      start('dial', printEndpoint(listener.endpoint), options);
      expect((await listener.next()).reason).toMatch(/3 connections are open/);
      expect(listener.counters).toMatchObject({ accepted: 3, refused: 2, refusedByPolicy: 0, refusedByLimit: 2 });

      const closed = once(socket, 'close');
      socket.resume();
      first.destroy();
      await closed;
      await dial(listener.endpoint);
      expect((await listener.next()).reason).toBeUndefined();
    });
  } else {
    it('is refused at the start for a policy that nobody can hold', async () => {
      for (const allowPeer of [users(process.geteuid!()), () => true]) {
        await expect(listen(pathEndpoint(), { allowPeer })).rejects.toMatchObject({
          code: 'ERR_PODWIRE_UNSUPPORTED',
          message: expect.stringContaining('allowPeer: anyone()'),
        });
      }
      expect(readdirSync(folder)).toEqual([]);
    });

    it('counts everybody as one user', async () => {
      const listener = await listen(pathEndpoint(), { maxConnections: 3, maxConnectionsPerUser: 2 });
      for (let count = 0; count < 3; count++) await dial(listener.endpoint);
      const came = [await listener.next(), await listener.next(), await listener.next()];
      expect(came.map(({ reason }) => reason)).toEqual([
        undefined,
        undefined,
        expect.stringMatching(/this user has 2/),
      ]);
    });
  }

  it('closes refused peers without a word when too many of them are open', async () => {
    const refused: Socket[] = [];
    const listener = await listenSocket(
      pathEndpoint(),
      { maxConnections: 1 },
      { onConnection: (socket) => sockets.push(socket), onRefused: (socket) => refused.push(socket) },
    );
    listeners.push(listener);
    await dial(listener.endpoint);
    for (let index = 0; index < 64; index++) await dial(listener.endpoint);
    const last = await dial(listener.endpoint);
    const ended = once(last, 'close');
    last.resume();
    await ended;
    sockets.push(...refused);
    expect(refused.length).toBe(64);
    expect(listener.counters.refused).toBe(65);
  });

  it.each([
    ['a policy that was not called', { allowPeer: sameUser as unknown as PeerPolicy }],
    ['a policy that is no function', { allowPeer: 'anyone' as unknown as PeerPolicy }],
    ['a mode with other bits', { mode: 0o4600 }],
    ['no connection', { maxConnections: 0 }],
    ['no backlog', { backlog: -1 }],
    ['an owner that is a name', { owner: 'root' as unknown as number }],
  ])('does not take %s', async (_, options) => {
    await expect(listen(pathEndpoint(), options)).rejects.toThrow(TypeError);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    [660, '660'],
    ['0660' as unknown as number, '"0660"'],
    [Number.NaN, 'NaN'],
  ])('says how to write a mode when it is %s', async (mode, shown) => {
    const message = `mode must be a number from 0 to 0o777, such as 0o660, not ${shown}`;
    await expect(listen(pathEndpoint(), { mode })).rejects.toThrow(message);
  });
});

describe('SocketError', () => {
  it('names the endpoint and the code', async () => {
    const endpoint = pathEndpoint('missing.sock');
    const error = await dial(endpoint).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(SocketError);
    expect(error).toMatchObject({
      name: 'SocketError',
      code: 'ENOENT',
      endpoint: printEndpoint(endpoint),
      message: `${printEndpoint(endpoint)}: there is no such file; start the server, or check the path and the mounts (ENOENT)`,
    });
  });
});
