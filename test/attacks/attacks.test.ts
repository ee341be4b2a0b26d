import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TestServiceDefinition } from '../../gen/grpc/testing/test.js';
import { type Channel, createChannel } from '../../src/client/channel.js';
import { type Client, createClient } from '../../src/client/client.js';
import { processReceiveBudget } from '../../src/transport/limits.js';
import { until } from '../server/serve-podinfo.js';
import { attacks } from './index.js';
import type { AttackerCommands } from './victim/attacker-process.js';
import { buildPrograms, type Program, type Programs } from './victim/start-program.js';
import type { VictimCommands } from './victim/victim-process.js';

const MIB = 1024 * 1024;

/** What the heap may keep of an attack: caches, and code that was compiled during it. */
const HEAP_LEFT = 16 * MIB;

/** Memory beyond the budget of unread messages: chunks on their way, answers, connections, garbage that waits for its collection. */
const MEMORY_BEYOND_BUDGET = 512 * MIB;

/** Calls of the other client during each attack. */
const CALLS = 20;

/** A request that is larger than the window of a stream. */
const large = { payload: { body: Buffer.alloc(MIB) } };

let folder: string;
let path: string;
let programs: Programs;
let victim: Program<VictimCommands>;
let attacker: Program<AttackerCommands> | undefined;
let channel: Channel;
let other: Client<typeof TestServiceDefinition>;

beforeAll(async () => {
  programs = await buildPrograms('victim-process', 'attacker-process');
  folder = mkdtempSync(join(tmpdir(), 'podwire-attacks-'));
  // The attacker is another user where it may be.
  chmodSync(folder, 0o755);
  path = join(folder, 'victim.sock');
  victim = await programs.start('victim-process');
  await victim.request('listen', path);
  // The victim is busy: whether it is quick is for the benchmark to say.
  channel = createChannel(path, { limits: { handshakeTimeoutMs: 60_000 } });
  other = createClient(TestServiceDefinition, channel);
  await other.unaryCall({ responseSize: 1 });
}, 60_000);

afterAll(async () => {
  await channel.close();
  await victim.kill();
  rmSync(folder, { recursive: true });
  programs[Symbol.dispose]();
});

// Also when a test has run out of time.
afterEach(() => attacker?.kill());

/** Adds up what was counted under names that have `part` in them. */
function total(counts: Readonly<Record<string, number>>, part: string): number {
  let sum = 0;
  for (const [name, count] of Object.entries(counts)) if (name.includes(part)) sum += count;
  return sum;
}

describe('a server under attack', () => {
  it.each(attacks)('$name', { timeout: 60_000 }, async ({ name, answer, reason, connections = 1 }) => {
    const memoryBefore = await victim.request('forget');
    const heapBefore = await victim.request('heap');
    const offender = await programs.start<AttackerCommands>('attacker-process');
    attacker = offender;
    await offender.request('start', name, path);
    await until(async () => (await offender.request('state')).connections.made >= connections);

    // The offender is told, or its connections end.
    if (answer !== undefined) await until(async () => (await offender.request('state')).answers[answer] > 0);
    if (reason !== undefined) await until(async () => total((await victim.request('state')).reasons, reason) > 0);

    // Meanwhile all is well with everybody else, on a connection that is there and on a new one.
    for (let call = 0; call < CALLS; call++) {
      const { payload } = await other.unaryCall({ responseSize: 64 }, { timeoutMs: 30_000 });
      expect(payload?.body).toHaveLength(64);
    }
    // One that needs room may have to wait until others have had it for too long.
    await until(() =>
      other.unaryCall(large, { timeoutMs: 5_000 }).then(
        () => true,
        () => false,
      ),
    );
    if (process.getuid?.() === 0) {
      const late = createChannel(path, { waitForReady: true, limits: { handshakeTimeoutMs: 60_000 } });
      await createClient(TestServiceDefinition, late).emptyCall({}, { timeoutMs: 30_000 });
      await late.close();
    }
    expect((await offender.request('state')).running).toBe(true);
    const { peakHeld, peakMemory } = await victim.request('state');
    expect(peakHeld).toBeLessThanOrEqual(processReceiveBudget.limit);
    expect(peakMemory - memoryBefore).toBeLessThan(processReceiveBudget.limit + MEMORY_BEYOND_BUDGET);
    await offender.kill();

    // All that it held is given back.
    await until(async () => {
      const state = await victim.request('state');
      return state.held === 0 && state.connections === 1 && state.runningHandlers === 0;
    });
    expect((await victim.request('heap')) - heapBefore).toBeLessThan(HEAP_LEFT);
  });

  it('each module of an attack is tried', () => {
    const modules = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.ts'));
    const exporting = modules.filter((file) =>
      /^export const attack\b/m.test(readFileSync(join(import.meta.dirname, file), 'utf8')),
    );
    expect(attacks).toHaveLength(exporting.length);
    expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
  });
});
