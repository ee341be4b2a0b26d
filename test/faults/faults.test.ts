import { afterAll, beforeAll, describe, it } from 'vitest';
import { clientFaults } from './client-faults.js';
import { descriptorFaults } from './descriptor-faults.js';
import type { Fault } from './fault.js';
import { handlerFaultCalls } from './handler-fault-calls.js';
import { listenFaults } from './listen-faults.js';
import { restartFaults } from './restart-faults.js';
import { serverFaults } from './server-faults.js';
import { type RunningBench, startBench } from './start-bench.js';

/** PODWIRE_FAULTS=full for the full size, which takes minutes. */
const full = process.env.PODWIRE_FAULTS === 'full';

const table: readonly [what: string, faults: readonly Fault[]][] = [
  ['a handler', handlerFaultCalls],
  ['a client', clientFaults],
  ['a server, to its client,', serverFaults],
  ['in the way of a server that starts:', listenFaults],
  ['a server', restartFaults],
  ['without a descriptor left:', descriptorFaults],
];

let bench: RunningBench;
let injected = 0;
let kinds = 0;

beforeAll(async () => {
  bench = await startBench(full);
}, 60_000);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  console.log(`${injected} faults injected, of ${kinds} kinds, each in ten rounds that the server outlived`);
}, 60_000);

describe.each(table)('%s', (_, faults) => {
  const timeout = full ? 900_000 : 60_000;
  it.each(faults.map((fault) => [fault.name, fault] as const))('%s', { timeout }, async (_, fault) => {
    injected += await bench.inject(fault);
    kinds++;
  });
});
