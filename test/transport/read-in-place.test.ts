import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readInPlace } from '../../src/transport/read-in-place.js';

let folder: string;
let server: net.Server;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'podwire-read-'));
  server = net.createServer({ pauseOnConnect: true }).listen(path.join(folder, 's'));
  await once(server, 'listening');
});

afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** Both ends of a connection: the one that Node accepted, paused, and the one that it dialed. */
async function pair(): Promise<[net.Socket, net.Socket]> {
  const accepted = once(server, 'connection');
  const dialed = net.connect(path.join(folder, 's')).pause();
  await once(dialed, 'connect');
  return [(await accepted)[0], dialed];
}

/** All that came, and the memory in which it did. */
function collect(socket: net.Socket): { text(): string; data: string[]; memory: Set<ArrayBufferLike> } {
  const chunks: Buffer[] = [];
  const data: string[] = [];
  const memory = new Set<ArrayBufferLike>();
  readInPlace(socket, (bytes) => {
    chunks.push(Buffer.from(bytes));
    memory.add(bytes.buffer);
  });
  socket.on('data', (chunk) => data.push(chunk.toString()));
  return { text: () => Buffer.concat(chunks).toString(), data, memory };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

describe('readInPlace', () => {
  it('reads all sockets, accepted and dialed, into the same memory', async () => {
    const [accepted, dialed] = await pair();
    const atAccepted = collect(accepted);
    const atDialed = collect(dialed);
    accepted.resume();
    dialed.resume();
    dialed.write('to the one');
    await until(() => atAccepted.text() === 'to the one');
    accepted.write('to the other');
    await until(() => atDialed.text() === 'to the other');
    dialed.write(', again');
    await until(() => atAccepted.text() === 'to the one, again');
    expect(new Set([...atAccepted.memory, ...atDialed.memory]).size).toBe(1);
    expect([atAccepted.data, atDialed.data]).toEqual([[], []]);
    expect([accepted.bytesRead, dialed.bytesRead]).toEqual([17, 12]);
    accepted.destroy();
    dialed.destroy();
  });

  it('takes more than fits into the memory', async () => {
    const [accepted, dialed] = await pair();
    const sent = Buffer.from(Array.from({ length: 1_500_000 }, (_, index) => 97 + (index % 26)));
    const at = collect(accepted);
    accepted.resume();
    dialed.end(sent);
    await once(accepted, 'end');
    expect(at.text() === sent.toString()).toBe(true);
  });

  it('reads nothing before the socket is resumed, and nothing while it is paused', async () => {
    const [accepted, dialed] = await pair();
    const at = collect(accepted);
    dialed.write('first');
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    expect(at.text()).toBe('');
    accepted.resume();
    await until(() => at.text() === 'first');
    accepted.destroy();
    dialed.destroy();
  });

  it('leaves what was read before to the data event', async () => {
    const [accepted, dialed] = await pair();
    // Begins to read, and so takes what comes into its own buffer.
    accepted.read(0);
    dialed.write('early');
    await until(() => accepted.readableLength === 5);
    const at = collect(accepted);
    accepted.resume();
    await until(() => at.data.length > 0);
    dialed.write('late');
    await until(() => at.text() !== '');
    expect([at.data, at.text()]).toEqual([['early'], 'late']);
    accepted.destroy();
    dialed.destroy();
  });

  it('leaves EOF to the socket', async () => {
    const [accepted, dialed] = await pair();
    const at = collect(accepted);
    const ended = once(accepted, 'end');
    const closed = once(accepted, 'close');
    accepted.resume();
    dialed.end('last');
    await ended;
    expect(at.text()).toBe('last');
    expect(await closed).toEqual([false]);
  });

  it('leaves a broken connection to the socket', async () => {
    const [accepted, dialed] = await pair();
    collect(accepted);
    const failed = once(accepted, 'error');
    // What the peer closes unread resets the connection.
    accepted.write('unread');
    await nextTurn();
    dialed.destroy();
    accepted.resume();
    expect(await failed).toEqual([expect.objectContaining({ code: 'ECONNRESET', syscall: 'read' })]);
  });

  it('gives nothing after the socket was destroyed', async () => {
    const [accepted, dialed] = await pair();
    const told: string[] = [];
    readInPlace(accepted, (bytes) => {
      told.push(Buffer.from(bytes).toString());
      accepted.destroy();
    });
    accepted.resume();
    dialed.on('error', () => {});
    dialed.write('x'.repeat(300_000));
    await once(accepted, 'close');
    expect(told).toHaveLength(1);
    dialed.destroy();
  });

  it('leaves a socket alone that has no handle', () => {
    const socket = new net.Socket();
    expect(() => readInPlace(socket, () => {})).not.toThrow();
  });
});
