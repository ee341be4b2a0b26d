import type { Bench } from '../harness/bench.js';
import { BenchProcess } from '../harness/bench-process.js';
import { quartiles } from '../harness/quartiles.js';
import type { Scenario } from '../harness/scenario.js';

/** In one round, of which the median counts. */
const ATTEMPTS = 3;

/**
 * From the start of a process to its use: a server of podinfo.v1 until it listens, and then a client until it has the first
 * answer. Command lines and probes pay this every time.
 */
export const firstCall: Scenario = {
  name: 'import and first call, podinfo, both processes',
  unit: 'ms',
  figure: 'elapsed',
  overhead: 2,
  untimed: true,
  contenders: (peers) =>
    [...peers].flatMap(([name, peer]) => {
      const lacks = peer.lacks?.includes('describe');
      const server = peer.firstServer ?? (lacks ? undefined : peer.server);
      const client = peer.firstClient ?? (lacks ? undefined : peer.client);
      if (server === undefined || client === undefined) return [];
      return [
        {
          name,
          async measure(bench) {
            const all: number[] = [];
            while (all.length < ATTEMPTS) all.push(await attempt(bench, name, server, client));
            return { elapsed: quartiles(all)?.median };
          },
        },
      ];
    }),
};

function attempt(bench: Bench, name: string, server: readonly string[], client: readonly string[]): Promise<number> {
  const began = performance.now();
  return bench.withServer(name, server, async (_, endpoint) => {
    const command = [...client, `--endpoint=${endpoint}`, '--call=describe'];
    const calling = new BenchProcess(`${name}'s client`, command, bench.options.cores.client);
    try {
      await calling.expect('answer', 20);
      return performance.now() - began;
    } finally {
      await calling.stop();
    }
  });
}
