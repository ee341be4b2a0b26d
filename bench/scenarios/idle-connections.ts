import { readFileSync } from 'node:fs';
import path from 'node:path';
import { BenchProcess } from '../harness/bench-process.js';
import type { Scenario } from '../harness/scenario.js';

const program = path.join(import.meta.dirname, '../node/idle-client.js');

/** Connections that are there before the first figure is taken, so that what a server makes once is not counted. */
const BEFORE = 200;
/** Descriptors that are not connections. */
const OTHERS = 100;

/** What is wanted, or what a process may open. */
function possible(connections: number): number {
  const limit = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return Math.min(connections, Number(limit ?? connections) - BEFORE - OTHERS);
}

/**
 * What a server keeps for a connection that has done its handshake and one call and is idle since. One and the same
 * client for all servers; garbage is collected before each figure.
 */
export const idleConnections: Scenario = {
  name: 'memory per idle connection, server',
  unit: 'KiB resident',
  figure: 'residentPerConnection',
  overhead: 6,
  // Memory hardly differs from round to round.
  rounds: 2,
  untimed: true,
  contenders: (peers) =>
    [...peers].flatMap(([name, { server }]) => {
      // A bare socket has no handshake: see `node/idle-client.ts`.
      if (server === undefined) return [];
      const protocol = name === 'bare net' ? 'bytes' : 'grpc';
      return [
        {
          name,
          measure: (bench) =>
            bench.withServer(name, server, async (serving, endpoint) => {
              const clients: BenchProcess[] = [];
              const connect = async (count: number): Promise<{ heap: number; resident: number }> => {
                const command = [process.execPath, program, `--endpoint=${endpoint}`];
                const options = [`--connections=${count}`, `--protocol=${protocol}`];
                const client = new BenchProcess(
                  'the idle client',
                  [...command, ...options],
                  bench.options.cores.client,
                );
                clients.push(client);
                await client.expect('idle', 120);
                const heap = await serving.heapBytes();
                return { heap, resident: serving.memoryBytes('now') };
              };
              try {
                const before = await connect(BEFORE);
                const count = possible(bench.options.idleConnections);
                const after = await connect(count);
                return {
                  connections: count,
                  residentPerConnection: (after.resident - before.resident) / count,
                  heapPerConnection: before.heap === 0 ? undefined : (after.heap - before.heap) / count,
                  serverPeak: serving.memoryBytes('peak'),
                };
              } finally {
                await Promise.all(clients.map((client) => client.stop()));
              }
            }),
        },
      ];
    }),
};
