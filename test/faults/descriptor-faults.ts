import { expect } from 'vitest';
import { Code } from '../../src/rpc/code.js';
import type { RpcError } from '../../src/rpc/rpc-error.js';
import { rejection } from '../client/rejection.js';
import { failureOf } from './failure-of.js';
import type { Bench, Fault, OpenChannel } from './fault.js';
import type { FaultProcess } from './start-fault-process.js';

const DESCRIPTORS = 128;
const raiseTheLimit = expect.stringMatching(/raise the limit \(ulimit -n\)/);

/** What happens to those who have no file descriptor left. */
export const descriptorFaults: readonly Fault[] = [
  starved('a server whose clients take all of them', async (bench, _, path) => {
    const clients: OpenChannel[] = [];
    let refusal: RpcError | undefined;
    while (refusal === undefined) {
      const client = bench.open(path);
      clients.push(client);
      await client.podinfo.describe({}).catch((error: RpcError) => {
        refusal = error;
      });
    }
    expect(refusal.code).toBe(Code.UNAVAILABLE);
    expect(refusal.message).toMatch(/has used up its 128 file descriptors/);
    // Those that were let in go on.
    expect(clients.length).toBeGreaterThan(20);
    await clients[0].podinfo.describe({});
    for (const client of clients) await client.close();
  }),
  starved('a server whose files take all of them', async (bench, server, path) => {
    const old = bench.open(path);
    await old.podinfo.describe({});
    expect(await server.request('exhaust')).toBeGreaterThan(20);
    const fresh = bench.open(path);
    const error = await rejection(fresh.podinfo.describe({}));
    expect(error.code).toBe(Code.UNAVAILABLE);
    expect(error.message).toMatch(/before its HTTP\/2 handshake/);
    await old.podinfo.describe({});
    await server.request('free');
    await fresh.podinfo.describe({}, { waitForReady: true });
    for (const client of [old, fresh]) await client.close();
  }),
  starved('a server that starts', async (_, server, path) => {
    await server.request('exhaust');
    expect(await failureOf(server.request('listen', `${path}.second`))).toMatchObject({
      code: 'EMFILE',
      message: raiseTheLimit,
    });
    await server.request('free');
  }),
  starved('a client', async (bench, client) => {
    await client.request('exhaust');
    expect(await client.request('call', bench.path, 10_000)).toMatchObject({
      code: Code.UNAVAILABLE,
      message: raiseTheLimit,
    });
    await client.request('free');
    expect(await client.request('call', bench.path, 10_000)).toMatchObject({ reply: expect.any(String) });
  }),
];

/** With a process that lives through all rounds, has few descriptors and serves `path`. */
function starved(name: string, inject: (bench: Bench, process: FaultProcess, path: string) => Promise<void>): Fault {
  let process: FaultProcess;
  const pathOf = ({ path }: Bench): string => `${path}.starved`;
  return {
    name,
    prepare: async (bench) => {
      process = await bench.startWith(DESCRIPTORS);
      await process.request('listen', pathOf(bench));
      return [process];
    },
    inject: (bench) => inject(bench, process, pathOf(bench)),
  };
}
