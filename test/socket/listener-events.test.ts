import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dialSocket } from '../../src/socket/dial-socket.js';
import type { ListenOptions } from '../../src/socket/listen-options.js';
import { listenerEvents } from '../../src/socket/listener-events.js';
import { listenSocket, type SocketListener } from '../../src/socket/socket-listener.js';
import { until } from '../server/serve-podinfo.js';
import { knowsPeers } from './knows-peers.js';
import { recordEvents } from './recorded-events.js';

let folder: string;
let file: string;
let address: string;
let listeners: SocketListener[];
let sockets: Socket[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-'));
  file = join(folder, 'x.sock');
  address = `unix://${file}`;
  listeners = [];
  sockets = [];
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const listener of listeners) await listener.close();
  rmSync(folder, { recursive: true });
});

async function listen(options: ListenOptions = {}): Promise<SocketListener> {
  const listener = await listenSocket({ kind: 'path', path: file }, options, {
    onConnection: (socket) => sockets.push(socket),
    onRefused: (socket) => socket.destroy(),
  });
  listeners.push(listener);
  return listener;
}

async function dial(): Promise<Socket> {
  const { socket } = await dialSocket({ kind: 'path', path: file });
  socket.on('error', () => {});
  sockets.push(socket);
  return socket;
}

describe('the events and counters of a listener', () => {
  it('tell of peers that are let in, of those that are not, and of the end', async () => {
    using recorded = recordEvents(listenerEvents, address);
    const listener = await listen({ maxConnections: 1 });
    const first = await dial();
    await until(() => listener.counters.accepted === 1);
    await dial();
    await until(() => listener.counters.refused === 1);
    first.destroy();
    for (const socket of sockets) socket.destroy();
    await until(() => listener.counters.disconnected === 1);
    await listener.close();
    expect(recorded.names).toEqual(['listening', 'accepted', 'refused', 'closed']);
    const self = knowsPeers ? { uid: process.geteuid?.(), pid: process.pid } : {};
    expect(recorded.of('accepted')).toMatchObject([{ peer: { ...self, endpoint: address } }]);
    expect(recorded.of('refused')).toMatchObject([
      { peer: { ...self, endpoint: address }, cause: 'limit', reason: '1 connections are open, which is the limit' },
    ]);
    const counted = { accepted: 1, refused: 1, refusedByPolicy: 0, refusedByLimit: 1, disconnected: 1 };
    expect(listener.counters).toEqual({ ...counted, lost: 0, relistened: 0 });
  });

  // Elsewhere a policy is refused before anybody can come.
  if (knowsPeers) {
    it('tell why a policy turned a peer away', async () => {
      using recorded = recordEvents(listenerEvents, address);
      const listener = await listen({ allowPeer: () => false });
      await dial();
      await until(() => listener.counters.refused === 1);
      const [{ cause, reason }] = recorded.of('refused');
      expect(cause).toBe('policy');
      expect(reason).toMatch(/^the peer \(uid \d+, gid \d+, pid \d+\) is not allowed/);
      expect(listener.counters).toMatchObject({ accepted: 0, refused: 1, refusedByPolicy: 1, refusedByLimit: 0 });
    });
  }

  it('tell that the path was lost and got back', async () => {
    using recorded = recordEvents(listenerEvents, address);
    const listener = await listen({ relisten: true });
    unlinkSync(file);
    await until(() => listener.counters.relistened === 1);
    expect(recorded.names).toEqual(['listening', 'lost', 'relistened']);
    const [{ error, relistening }] = recorded.of('lost');
    expect(error).toMatchObject({ code: 'ERR_PODWIRE_LOST', endpoint: address });
    expect(relistening).toBe(true);
    expect(listener.counters).toMatchObject({ lost: 1, relistened: 1 });
  });

  it('tell that the path was lost for good', async () => {
    using recorded = recordEvents(listenerEvents, address);
    let lost = 0;
    const listener = await listen({ onLost: () => lost++ });
    unlinkSync(file);
    writeFileSync(file, '');
    await until(() => lost === 1);
    expect(recorded.of('lost')).toMatchObject([{ error: { code: 'ERR_PODWIRE_LOST' }, relistening: false }]);
    expect(listener.counters).toMatchObject({ lost: 1, relistened: 0 });
  });
});
