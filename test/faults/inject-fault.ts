import { readdirSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import type { Bench, Fault } from './fault.js';
import type { ProcessPool } from './process-pool.js';
import { descriptorsOf, liveHeap } from './process-state.js';
import type { FaultProcess } from './start-fault-process.js';

const ROUNDS = 10;
/** Of round 10 over round 2, in octets. */
const HEAP_GROWTH = 1024 * 1024;

/**
 * Injects a fault in ten rounds. After each, the server serves and every process has the descriptors and connections it
 * began with; after the last, what lives on the heaps has not grown since the second.
 *
 * @returns how many faults it was.
 */
export async function injectFault(fault: Fault, bench: Bench, pool: ProcessPool): Promise<number> {
  const others = (await fault.prepare?.(bench)) ?? [];
  try {
    const processes = [bench.server, ...others];
    await pool.settled();
    await bench.serves();
    // The old connection of the bench, and none to the others.
    const connections = processes.map((_, index) => (index === 0 ? 1 : 0));
    const before = await settled(bench, processes, (found) => isDeepStrictEqual(found.connections, connections));
    expect(before.connections).toEqual(connections);
    const heaps: number[][] = [];
    let injected = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      const times = bench.full ? (fault.full ?? 10) : 1;
      for (let time = 0; time < times; time++) {
        await fault.inject(bench);
        injected += fault.count?.(bench) ?? 1;
      }
      await bench.serves();
      await pool.settled();
      const after = await settled(bench, processes, (found) => isDeepStrictEqual(found, before));
      expect(after, `round ${round}`).toEqual(before);
      if (round === 2 || round === ROUNDS) heaps.push(await heapsOf(processes));
    }
    const [early, late] = heaps;
    const grown = late.map((heap, index) => heap - early[index]);
    expect(Math.max(...grown), `growth of this process, the server and others: ${grown}`).toBeLessThan(HEAP_GROWTH);
    return injected;
  } finally {
    for (const process of others) await process.kill();
  }
}

interface Settled {
  /** In the folder of sockets. */
  readonly files: readonly string[];
  readonly descriptors: readonly (readonly string[])[];
  readonly connections: readonly number[];
}

/** What is open, once it is as it should be, or was not for five seconds: both sides of a connection end in their own time. */
async function settled(
  bench: Bench,
  processes: readonly FaultProcess[],
  asItShould: (found: Settled) => boolean,
): Promise<Settled> {
  const giveUpAt = performance.now() + 5_000;
  for (;;) {
    const connections = await Promise.all(processes.map(async (process) => process.request('connections')));
    const descriptors = [descriptorsOf(), ...processes.map(({ pid }) => descriptorsOf(pid))];
    const found = { files: readdirSync(bench.folder).sort(), descriptors, connections };
    if (asItShould(found) || performance.now() > giveUpAt) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function heapsOf(processes: readonly FaultProcess[]): Promise<number[]> {
  return Promise.all([liveHeap(), ...processes.map((process) => process.request('heap'))]);
}
