import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HealthDefinition } from '../../gen/grpc/health/v1/health.js';
import type { PathEndpoint } from '../../src/endpoint/endpoint.js';
import { printEndpoint } from '../../src/endpoint/print-endpoint.js';
import { createChannel, createClient } from '../../src/index.js';
import { dialSocket } from '../../src/socket/dial-socket.js';
import { type SocketProcess, startSocketProcess } from './start-socket-process.js';

const LIMIT = 100;
const prefix = ['sh', '-c', `ulimit -n ${LIMIT} && exec "$0" "$@"`];

let folder: string;
let endpoint: PathEndpoint;
let processes: SocketProcess[];
let sockets: Socket[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-'));
  endpoint = { kind: 'path', path: join(folder, 'x.sock') };
  processes = [];
  sockets = [];
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const process of processes) await process[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function start(...parameters: Parameters<typeof startSocketProcess>): SocketProcess {
  const process = startSocketProcess(...parameters);
  processes.push(process);
  return process;
}

async function dial(): Promise<Socket> {
  const { socket } = await dialSocket(endpoint);
  sockets.push(socket);
  socket.on('error', () => {});
  return socket;
}

async function echo(socket: Socket): Promise<void> {
  const arrived = once(socket, 'data');
  socket.write('hello');
  socket.resume();
  expect(String((await arrived)[0])).toBe('hello');
}

const openFiles = ({ child }: SocketProcess): number => readdirSync(`/proc/${child.pid}/fd`).length;

describe('a server that runs out of descriptors', () => {
  it('by its clients: says so on both sides, keeps serving, and takes new ones when it has some again', async () => {
    const server = start('listen', printEndpoint(endpoint), {}, { prefix });
    await server.next();
    const before = openFiles(server);
    for (let round = 0; round < 3; round++) {
      const clients: Socket[] = [];
      let event = { event: 'connection' } as Awaited<ReturnType<SocketProcess['next']>>;
      while (event.event === 'connection') {
        clients.push(await dial());
        event = await server.next();
      }
      // Once for each time that they run out.
      expect(event).toMatchObject({
        event: 'error',
        code: 'EMFILE',
        message: expect.stringMatching(/all of the 100 .*ulimit/),
      });
      for (let more = 0; more < 5; more++) {
        expect(await server.next()).toMatchObject({
          event: 'refused',
          reason: expect.stringContaining('100 file descriptors'),
        });
        await dial();
      }
      expect(await server.next()).toMatchObject({ event: 'refused' });
      expect(clients.length).toBeGreaterThan(20);
      // Those that were let in go on.
      await echo(clients[0]!);
      for (const socket of clients) socket.destroy();
      while (openFiles(server) > before) await new Promise(setImmediate);
      const again = await dial();
      expect(await server.next()).toMatchObject({ event: 'connection' });
      await echo(again);
      again.destroy();
      while (openFiles(server) > before) await new Promise(setImmediate);
    }
  });

  it('by other files: goes on once there are some again', async () => {
    const server = start('listen', printEndpoint(endpoint), {}, { prefix });
    await server.next();
    server.child.stdin!.write('exhaust\n');
    const { open } = await server.next();
    expect(open).toBeGreaterThan(20);
    // libuv takes and closes them; nobody is told.
    for (let count = 0; count < 5; count++) {
      const socket = await dial();
      const closed = once(socket, 'close');
      socket.resume();
      await closed;
    }
    // A client of gRPC has an error that says what happened, and tries again.
    const channel = createChannel(endpoint);
    const call = createClient(HealthDefinition, channel).check({});
    await expect(call).rejects.toMatchObject({
      code: 14,
      message: expect.stringMatching(/before its HTTP\/2 handshake/),
    });
    await channel.close();
    server.child.stdin!.write('free\n');
    expect(await server.next()).toMatchObject({ event: 'free', open: 0 });
    const socket = await dial();
    expect(await server.next()).toMatchObject({ event: 'connection' });
    await echo(socket);
  });

  it('before it listens: says what to do', async () => {
    const server = start('listen', printEndpoint(endpoint), { exhaust: true }, { prefix });
    expect(await server.next()).toMatchObject({
      event: 'failed',
      code: 'EMFILE',
      message: expect.stringMatching(/raise the limit \(ulimit -n\)/),
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a client that runs out of descriptors', () => {
  it('is told so', async () => {
    await start('listen', printEndpoint(endpoint)).next();
    const client = start('dial', printEndpoint(endpoint), { exhaust: true }, { prefix });
    expect(await client.next()).toMatchObject({
      event: 'failed',
      code: 'EMFILE',
      message: expect.stringMatching(/raise the limit \(ulimit -n\)/),
    });
  });
});
