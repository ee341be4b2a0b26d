import { unlinkSync } from 'node:fs';
import { expect } from 'vitest';
import { Code } from '../../src/rpc/code.js';
import { rejection } from '../client/rejection.js';
import type { Bench, Fault } from './fault.js';

/** How many servers are killed one after the other on each endpoint in one injection. */
const KILLS = 10;

/** What is killed serves through podwire, and its successor, another process, has the path or the name. */
export const restartFaults: readonly Fault[] = [
  {
    name: 'is killed and started again, on a path and on a name',
    full: 5,
    count: ({ full }) => 2 * (full ? KILLS : 1),
    inject: async (bench) => {
      const endpoints = [`${bench.folder}/restarted.sock`, `${bench.abstract}-restarted`];
      await Promise.all(endpoints.map((endpoint) => restart(bench, endpoint, bench.full ? KILLS : 1)));
      unlinkSync(endpoints[0]);
    },
  },
];

/** One client, with one channel, sees them all. */
async function restart(bench: Bench, endpoint: string, kills: number): Promise<void> {
  const { podinfo, close } = bench.open(endpoint, { waitForReady: true });
  for (let count = 0; count < kills; count++) {
    const server = await bench.take();
    await server.request('listen', endpoint);
    expect(await podinfo.describe({ text: 'Hello.' })).toEqual({ reply: 'Hello. And a reply from the server.' });
    const responses = podinfo.watch({})[Symbol.asyncIterator]();
    await responses.next();
    const killed = server.kill();
    const rest = async (): Promise<void> => {
      while (!(await responses.next()).done);
    };
    expect((await rejection(rest())).code).toBe(Code.UNAVAILABLE);
    await killed;
  }
  await close();
}
