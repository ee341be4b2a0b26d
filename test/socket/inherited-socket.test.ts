import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AbstractEndpoint, PathEndpoint } from '../../src/endpoint/endpoint.js';
import { printEndpoint } from '../../src/endpoint/print-endpoint.js';
import { bindAbstract } from '../../src/socket/bind-abstract.js';
import { bindPath } from '../../src/socket/bind-path.js';
import { dialSocket } from '../../src/socket/dial-socket.js';
import { anyone } from '../../src/socket/peer-policy.js';
import { listenSocket } from '../../src/socket/socket-listener.js';
import { unixStreamSocket } from '../../src/socket/unix-stream-socket.js';
import { type SocketProcess, type StartOptions, startSocketProcess } from './start-socket-process.js';

const isRoot = process.geteuid?.() === 0;

let folder: string;
let path: PathEndpoint;
let abstract: AbstractEndpoint;
let descriptors: number[];
let processes: SocketProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-'));
  path = { kind: 'path', path: join(folder, 'x.sock') };
  abstract = { kind: 'abstract', name: Buffer.from(`podwire-inherited-${process.pid}-\xff`, 'latin1') };
  descriptors = [];
  processes = [];
});

afterEach(async () => {
  for (const process of processes) await process[Symbol.asyncDispose]();
  for (const fd of descriptors) closeSync(fd);
  rmSync(folder, { recursive: true });
});

const pathOf = (name: string): PathEndpoint => ({ kind: 'path', path: join(folder, name) });

/** What systemd does: LISTEN_PID is known only in the started process itself. */
function activated(count: number, names?: string): StartOptions {
  const fdNames = names === undefined ? '' : `LISTEN_FDNAMES=${names}`;
  const prefix = ['sh', '-c', `LISTEN_PID=$$ LISTEN_FDS=${count} ${fdNames} exec "$0" "$@"`];
  return { prefix, inherit: descriptors };
}

function start(...parameters: Parameters<typeof startSocketProcess>): SocketProcess {
  const process = startSocketProcess(...parameters);
  processes.push(process);
  return process;
}

/** Dials until somebody has bound the address. */
async function dialPatiently(endpoint: PathEndpoint | AbstractEndpoint): Promise<Socket> {
  for (;;) {
    try {
      return (await dialSocket(endpoint, { allowServer: anyone() })).socket;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

describe('listening on an inherited socket', () => {
  it.each(['fd:4', 'fd:api'])('serves %s under socket activation, and leaves the file', async (spelling) => {
    descriptors.push((await bindPath({ kind: 'path', path: join(folder, 'other') }, {}, 5)).fd);
    descriptors.push((await bindPath(path, {}, 5)).fd);
    const server = start('listen', spelling, {}, activated(2, 'other:api'));
    expect(await server.next()).toMatchObject({ event: 'listening' });
    const { socket, peer } = await dialSocket(path);
    // The kernel keeps who called listen() last.
    expect(peer.pid).toBe(server.child.pid);
    expect(await server.next()).toMatchObject({ event: 'connection', peer: { pid: process.pid } });
    socket.destroy();
    await server.end();
    expect(existsSync(path.path)).toBe(true);
  });

  it('is of whoever called listen() last: first of who opened the socket, then of the server', async (context) => {
    context.skip(!isRoot, 'needs root, to be another user');
    chmodSync(folder, 0o755);
    descriptors.push((await bindPath(path, {}, 5)).fd);
    const first = await dialSocket(path);
    expect(first.peer).toMatchObject({ uid: process.geteuid!(), pid: process.pid });
    const server = start('listen', 'fd:3', { uid: 1234, gid: 1234, groups: [] }, activated(1));
    expect(await server.next()).toMatchObject({ event: 'listening' });
    const second = await dialSocket(path);
    expect(second.peer).toMatchObject({ uid: 1234, pid: server.child.pid });
    first.socket.destroy();
    second.socket.destroy();
  });

  it('passes no descriptor and no variable on, not even of sockets that it leaves alone', async () => {
    for (const name of ['a', 'b']) descriptors.push((await bindPath(pathOf(name), {}, 5)).fd);
    const url = (module: string): string => JSON.stringify(new URL(`../../src/socket/${module}`, import.meta.url));
    const program = `
      const { execFileSync } = await import('node:child_process');
      const { listenSocket } = await import(${url('socket-listener.ts')});
      const list = () => execFileSync('/bin/sh', ['-c', 'ls -l /proc/self/fd; env'], { encoding: 'utf8' });
      const inherited = (text) => [/ [34] -> socket:/.test(text), text.includes('LISTEN_')];
      const before = process.env.LISTEN_FDS;
      const listener = await listenSocket({ kind: 'fd', name: 'b' }, {}, { onConnection() {}, onRefused() {} });
      console.log(JSON.stringify([before, inherited(list())]));
      await listener.close();
    `;
    const { prefix } = activated(2, 'a:b');
    const [shell = '', ...args] = prefix!;
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', program];
    const child = spawnSync(shell, [...args, ...node], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit', ...descriptors],
    });
    expect(JSON.parse(child.stdout)).toEqual(['2', [false, false]]);
  });

  it.for<[string, () => PathEndpoint | AbstractEndpoint]>([
    ['a path', () => path],
    ['an abstract name', () => ({ kind: 'abstract', name: Buffer.from(`podwire-activated-${process.pid}`) })],
  ])('serves %s under systemd-socket-activate', async ([, makeEndpoint], context) => {
    const activate = 'systemd-socket-activate';
    context.skip(spawnSync(activate, ['--version']).status !== 0, `needs ${activate} (Debian: systemd)`);
    const endpoint = makeEndpoint();
    const address = endpoint.kind === 'path' ? endpoint.path : `@${Buffer.from(endpoint.name)}`;
    const prefix = [activate, '--listen', address, '--fdname', 'api'];
    const server = start('listen', 'fd:api', { allowPeer: 'anyone' }, { prefix });
    // The first client starts the server, and waits for it.
    const socket = await dialPatiently(endpoint);
    expect(await server.next()).toMatchObject({ event: 'listening', pid: server.child.pid });
    expect(await server.next()).toMatchObject({ event: 'connection', peer: { pid: process.pid } });
    const arrived = once(socket, 'data');
    socket.write('hello');
    socket.resume();
    expect(String((await arrived)[0])).toBe('hello');
    socket.destroy();
    // The next one finds it.
    (await dialSocket(endpoint, { allowServer: anyone() })).socket.destroy();
    expect(await server.next()).toMatchObject({ event: 'connection' });
    await server.end();
    expect(server.child.exitCode).toBe(0);
  });

  it('takes its default policy from the address of the socket', async (context) => {
    context.skip(!isRoot, 'needs root, for whom an abstract name has no default');
    descriptors.push((await bindAbstract(abstract, 5)).fd);
    expect(await start('listen', 'fd:3', {}, activated(1)).next()).toMatchObject({
      event: 'failed',
      code: 'ERR_PODWIRE_POLICY_REQUIRED',
      message: expect.stringContaining(printEndpoint(abstract)),
    });
    const server = start('listen', 'fd:unknown', { allowPeer: 'anyone' }, activated(1));
    expect(await server.next()).toMatchObject({ event: 'listening' });
    (await dialSocket(abstract)).socket.destroy();
    expect(await server.next()).toMatchObject({ event: 'connection' });
  });

  it.each<[string, string, () => StartOptions, RegExp]>([
    ['without activation', 'fd:api', () => ({}), /LISTEN_PID and LISTEN_FDS are not set/],
    ['with other names', 'fd:api', () => activated(2, 'x:y'), /but x, y/],
    ['with the name twice', 'fd:api', () => activated(2, 'api:api'), /fd:3, fd:4/],
    [
      'meant for another process',
      'fd:api',
      () => ({ prefix: ['env', 'LISTEN_PID=1', 'LISTEN_FDS=1', 'LISTEN_FDNAMES=api'] }),
      /LISTEN_PID is 1/,
    ],
  ])('says what is wrong %s', async (_, spelling, options, message) => {
    const child = start('listen', spelling, {}, options());
    expect(await child.next()).toMatchObject({ event: 'failed', message: expect.stringMatching(message) });
  });

  it('takes nothing but a listening Unix stream socket', async () => {
    const refusal = (fd: number): Promise<unknown> =>
      listenSocket({ kind: 'fd', fd }, { allowPeer: anyone() }, { onConnection: () => {}, onRefused: () => {} });

    const file = openSync(join(folder, 'file'), 'w');
    const bound = unixStreamSocket(path);
    descriptors.push(file, bound);
    await expect(refusal(2 ** 30)).rejects.toMatchObject({
      code: 'EINVAL',
      message: expect.stringMatching(/no socket/),
    });
    await expect(refusal(file)).rejects.toMatchObject({ code: 'EINVAL', message: expect.stringMatching(/no socket/) });
    await expect(refusal(bound)).rejects.toMatchObject({
      code: 'EINVAL',
      message: expect.stringMatching(/does not listen/),
    });

    const tcp: Server = createServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { fd } = (tcp as unknown as { _handle: { fd: number } })._handle;
    await expect(refusal(fd)).rejects.toMatchObject({
      code: 'EINVAL',
      message: expect.stringMatching(/no Unix socket/),
    });
    tcp.close();
  });
});
