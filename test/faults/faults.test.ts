import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { type Channel, type ChannelOptions, createChannel } from '../../src/client/channel.js';
import { createClient } from '../../src/client/client.js';
import { listenSocket } from '../../src/socket/socket-listener.js';
import { collect } from '../server/serve-podinfo.js';
import { clientFaults } from './client-faults.js';
import type { Bench, Fault, OpenChannel } from './fault.js';
import { handlerFaultCalls } from './handler-fault-calls.js';
import { injectFault } from './inject-fault.js';
import { ProcessPool } from './process-pool.js';
import { buildFaultProgram } from './start-fault-process.js';

/** PODWIRE_FAULTS=full for the full size, which takes minutes. */
const full = process.env.PODWIRE_FAULTS === 'full';

const table: readonly [what: string, faults: readonly Fault[]][] = [
  ['a handler', handlerFaultCalls],
  ['a client', clientFaults],
];

let bench: Bench;
const open = new Set<Channel>();
let pool: ProcessPool;
let injected = 0;
let endured = 0;
const release: (() => unknown)[] = [];

beforeAll(async () => {
  const program = await buildFaultProgram();
  release.push(() => program[Symbol.dispose]());
  const root = mkdtempSync(join(tmpdir(), 'podwire-faults-'));
  release.push(() => rmSync(root, { recursive: true }));
  const path = join(root, 'server.sock');
  const folder = join(root, 'faults');
  mkdirSync(folder);
  const abstract = `unix-abstract:podwire-faults-${process.pid}`;
  const server = await program.start();
  release.push(() => server.kill());
  // A backlog that a storm of dials overruns, and room for all of them.
  const options = { backlog: 16, maxConnections: 20_000, maxConnectionsPerUser: 20_000 };
  await server.request('listen', path, options, { handshakeTimeoutMs: 60_000 });
  await server.request('listen', abstract, options);
  pool = new ProcessPool(full ? 4 : 2, () => program.start());
  release.push(() => pool[Symbol.asyncDispose]());
  const channel = createChannel(path);
  release.push(() => channel.close());
  const podinfo = createClient(PodInfoDefinition, channel);

  const serves = async (): Promise<void> => {
    const fresh = createChannel(abstract);
    for (const client of [podinfo, createClient(PodInfoDefinition, fresh)]) {
      expect(await client.describe({ text: 'Hello.' })).toEqual({ reply: 'Hello. And a reply from the server.' });
      expect(await collect(client.watch({ sampleLimit: 3 }))).toHaveLength(3);
    }
    await fresh.close();
  };
  const openChannel = (endpoint: string, options?: ChannelOptions): OpenChannel => {
    const opened = createChannel(endpoint, options);
    open.add(opened);
    const close = async (): Promise<void> => {
      open.delete(opened);
      await opened.close();
    };
    return { podinfo: createClient(PodInfoDefinition, opened), close };
  };
  bench = { server, path, abstract, podinfo, folder, full, open: openChannel, take: () => pool.take(), serves };

  // Opens what libuv opens once for a process, as for watching a folder.
  const options2 = { onConnection() {}, onRefused() {} };
  await (await listenSocket({ kind: 'path', path: join(folder, 'x.sock') }, {}, options2)).close();
});

afterEach(async () => {
  for (const channel of open) await channel.close();
  open.clear();
});

afterAll(async () => {
  for (const end of release.reverse()) await end();
  console.log(
    `${injected} faults injected, of ${endured} kinds, in ten rounds each; the server served after each round`,
  );
});

describe.each(table)('%s', (_, faults) => {
  it.each(faults.map((fault) => [fault.name, fault] as const))(
    '%s',
    { timeout: full ? 300_000 : 30_000 },
    async (_, fault) => {
      injected += await injectFault(fault, bench, pool);
      endured++;
    },
  );
});
