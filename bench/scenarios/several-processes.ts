import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { Contender, Scenario } from '../harness/scenario.js';

const program = path.join(import.meta.dirname, '../peers/podwire/several-processes-server.js');

/**
 * A server on several cores: processes that accept from one listening socket. They may use all cores, the client its own
 * one, so that on two cores it shows only that it works and what it costs.
 */
export const severalProcesses: Scenario = {
  name: 'several processes on one socket, 100 connections x 1 in flight',
  unit: 'calls',
  figure: 'perSecond',
  overhead: 1.5,
  contenders(peers) {
    const { client } = peers.get('podwire') ?? {};
    if (client === undefined) return [];
    const counts = [...new Set([1, 2, availableParallelism()])];
    return counts.map((count): Contender => {
      const name = `podwire, ${count} ${count === 1 ? 'process' : 'processes'}`;
      const server = [process.execPath, program, `--processes=${count}`];
      const serverCores = `0-${availableParallelism() - 1}`;
      return {
        name,
        measure: (bench) =>
          bench.load(
            { name, server, client, serverCores },
            { call: 'unary', bytes: 64, connections: 100, inFlight: 1 },
          ),
      };
    });
  },
};
