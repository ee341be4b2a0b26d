import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PathEndpoint } from '../../src/endpoint/endpoint.js';
import { dialSocket } from '../../src/socket/dial-socket.js';
import type { Peer } from '../../src/socket/peer.js';
import { listenSocket, type SocketListener } from '../../src/socket/socket-listener.js';
import { knowsPeers } from './knows-peers.js';
import { openDescriptors } from './open-descriptors.js';

/** What passes from process to process besides bytes. */

let folder: string;
let endpoint: PathEndpoint;
let before: readonly string[];
let listener: SocketListener;
let accepted: Promise<{ readonly socket: Socket; readonly peer: Peer }>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-'));
  endpoint = { kind: 'path', path: join(folder, 'x.sock') };
  before = openDescriptors(folder);
  let accept: (accepted: { socket: Socket; peer: Peer }) => void;
  accepted = new Promise((resolve) => {
    accept = resolve;
  });
  listener = await listenSocket(
    endpoint,
    {},
    { onConnection: (socket, peer) => accept({ socket: socket.on('error', () => {}), peer }), onRefused() {} },
  );
});

afterEach(async () => {
  (await accepted).socket.destroy();
  await listener.close();
  rmSync(folder, { recursive: true });
});

/** Runs `program` in a process whose descriptor 3 is a connection to the listener; ours is closed. */
async function withConnection(program: string, env: NodeJS.ProcessEnv = {}): Promise<ReturnType<typeof spawn>> {
  const client = connect(endpoint.path);
  await once(client, 'connect');
  const child = spawn(process.execPath, ['--eval', program], {
    stdio: ['ignore', 'inherit', 'inherit', client],
    env: { ...process.env, ...env },
  });
  client.destroy();
  return child;
}

describe('a listening socket', () => {
  it('takes no descriptor that a peer sends along', async () => {
    // Node sends handles over its IPC channel by SCM_RIGHTS, and here takes the connection for that channel.
    const program = `
      const server = require('node:net').createServer();
      server.listen(0, '127.0.0.1', () => process.send('smuggled', server, () => process.exit()));`;
    const child = await withConnection(program, { NODE_CHANNEL_FD: '3', NODE_CHANNEL_SERIALIZATION_MODE: 'json' });
    const { socket } = await accepted;
    const open = openDescriptors(folder);
    let text = '';
    socket.on('data', (chunk) => (text += chunk)).resume();
    const [, [code]] = await Promise.all([once(socket, 'close'), once(child, 'exit')]);
    expect(code).toBe(0);
    // The bytes that it came with.
    expect(text).toContain('NODE_HANDLE');
    expect(text).toContain('smuggled');
    // Nothing is new; the connection itself is gone.
    expect(open).toEqual(expect.arrayContaining([...openDescriptors(folder)]));
  });

  it('knows the peer by who connected, whoever speaks over the connection later', async () => {
    const grandchild = `
      const socket = new (require('node:net').Socket)({ fd: 3 });
      socket.once('data', (word) => socket.end(word + ' of the grandchild'));`;
    const program = `
      require('node:child_process')
        .spawn(process.execPath, ['--eval', ${JSON.stringify(grandchild)}], { stdio: ['ignore', 'ignore', 'inherit', 3], detached: true })
        .unref();`;
    const child = await withConnection(program);
    const { socket, peer } = await accepted;
    await once(child, 'exit');
    // The child is dead, and its connection is not.
    const [said] = await Promise.all([once(socket, 'data'), socket.resume().write('a word')]);
    expect(String(said)).toBe('a word of the grandchild');
    expect(peer.pid).toBe(knowsPeers ? process.pid : undefined);
  });

  it('is inherited by no child, nor are the connections of both sides', async () => {
    const { socket } = await dialSocket(endpoint);
    await accepted;
    const ours = openDescriptors(folder).filter((line) => !before.includes(line));
    const made = ours.map((line) => Number(line.split(' ')[0]));
    const listed = execFileSync('/bin/sh', ['-c', 'ls /proc/self/fd'], { encoding: 'utf8' });
    const inherited = listed.trim().split('\n').map(Number);
    expect(made.length).toBeGreaterThanOrEqual(3);
    // The shell has three of its own, and ls the folder that it reads.
    expect(inherited.filter((fd) => fd > 3 && made.includes(fd))).toEqual([]);
    socket.destroy();
  });
});
