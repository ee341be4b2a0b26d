import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TestServiceDefinition } from '../../gen/grpc/testing/test.js';
import { type Channel, createChannel } from '../../src/client/channel.js';
import { type Client, createClient } from '../../src/client/client.js';
import { Code } from '../../src/rpc/code.js';
import { codeName } from '../../src/rpc/code-name.js';
import { processReceiveBudget } from '../../src/transport/limits.js';
import { rejection } from '../client/rejection.js';
import { liveHeap } from '../faults/process-state.js';
import { until } from '../server/serve-podinfo.js';
import type { HostileCommands } from './victim/hostile-process.js';
import { hostileServers } from './victim/hostile-servers.js';
import { buildPrograms, type Program, type Programs } from './victim/start-program.js';
import type { VictimCommands } from './victim/victim-process.js';

/** What the heap may keep of an attack: caches, and code that was compiled during it. */
const HEAP_LEFT = 16 * 1024 * 1024;
/** The client's limit of one connection, beyond which nothing may gather. */
const MOST_BUFFERED = 32 * 1024 * 1024;

let folder: string;
let programs: Programs;
let good: Program<VictimCommands>;
let channel: Channel;
let other: Client<typeof TestServiceDefinition>;
let hostile: Program<HostileCommands> | undefined;

beforeAll(async () => {
  programs = await buildPrograms('victim-process', 'hostile-process');
  folder = mkdtempSync(join(tmpdir(), 'podwire-attacks-'));
  good = await programs.start('victim-process');
  await good.request('listen', join(folder, 'good.sock'));
  channel = createChannel(join(folder, 'good.sock'));
  other = createClient(TestServiceDefinition, channel);
  await other.unaryCall({ responseSize: 1 });
}, 60_000);

afterAll(async () => {
  await channel.close();
  await good.kill();
  rmSync(folder, { recursive: true });
  programs[Symbol.dispose]();
});

afterEach(() => hostile?.kill());

describe('a client whose server has', () => {
  it.each(hostileServers)('$name', { timeout: 60_000 }, async ({ name, status, answer }) => {
    const path = join(folder, `${hostileServers.findIndex((one) => one.name === name)}.sock`);
    const server = await programs.start<HostileCommands>('hostile-process');
    hostile = server;
    await server.request('listen', name, path);
    const heapBefore = await liveHeap();

    // Deadlines are short where nothing but the deadline ends a call, and long where something else has to.
    const timeoutMs = status === 'DEADLINE_EXCEEDED' ? 500 : 30_000;
    const limits = { handshakeTimeoutMs: 1_000, unfinishedTimeoutMs: 1_000 };
    const misused = createChannel(path, { limits });
    // It shall pass while the call is open, not before it was sent.
    if (status === 'DEADLINE_EXCEEDED') await misused.ready();
    let peak = 0;
    const watch = setInterval(() => (peak = Math.max(peak, processReceiveBudget.held)), 1);
    const failed = rejection(
      createClient(TestServiceDefinition, misused).unaryCall({ payload: { body: Buffer.alloc(1_000) } }, { timeoutMs }),
    );

    // Meanwhile all is well with the servers that mean well.
    for (let call = 0; call < 20; call++) {
      const { payload } = await other.unaryCall({ responseSize: 64 }, { timeoutMs: 30_000 });
      expect(payload?.body).toHaveLength(64);
    }
    const error = await failed;
    clearInterval(watch);
    expect(`${codeName(error.code)}: ${error.message}`).toMatch(new RegExp(`^${status}`));
    expect(error.code).toBe(Code[status]);
    if (answer !== undefined) await until(async () => (await server.request('state')).counts[answer] > 0);
    expect(peak).toBeLessThanOrEqual(MOST_BUFFERED);

    await misused.close();
    await until(async () => (await server.request('state')).open === 0);
    expect(processReceiveBudget.held).toBe(0);
    expect((await liveHeap()) - heapBefore).toBeLessThan(HEAP_LEFT);
  });
});
