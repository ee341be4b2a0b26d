import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { type Channel, createChannel } from '../../src/client/channel.js';
import { createClient } from '../../src/client/client.js';
import { listenSocket } from '../../src/socket/socket-listener.js';
import { collect } from '../server/serve-podinfo.js';
import type { Bench, Fault } from './fault.js';
import { injectFault } from './inject-fault.js';
import { ProcessPool } from './process-pool.js';
import { buildFaultProgram } from './start-fault-process.js';

export interface RunningBench extends AsyncDisposable {
  /** @returns how many faults it was. */
  inject(fault: Fault): Promise<number>;
}

/** Starts the server that lives through all faults, and what they need. */
export async function startBench(full: boolean): Promise<RunningBench> {
  const program = await buildFaultProgram();
  const root = mkdtempSync(join(tmpdir(), 'podwire-faults-'));
  // Other users may look in, as they may not write.
  chmodSync(root, 0o755);
  const path = join(root, 'server.sock');
  const abstract = `unix-abstract:podwire-faults-${process.pid}`;
  const server = await program.start();
  // A backlog that a storm of dials overruns, room for all of them, and patience with a client that makes thousands of them.
  const options = { backlog: 16, maxConnections: 20_000, maxConnectionsPerUser: 20_000 };
  await server.request('listen', path, options, { handshakeTimeoutMs: 60_000 });
  await server.request('listen', abstract, options);
  const channel = createChannel(path);
  const podinfo = createClient(PodInfoDefinition, channel);
  const pool = new ProcessPool(full ? 4 : 2, () => program.start());
  const open = new Set<Channel>();

  const shared: Omit<Bench, 'folder'> = {
    server,
    path,
    abstract,
    podinfo,
    full,
    open(endpoint, channelOptions) {
      const opened = createChannel(endpoint, channelOptions);
      open.add(opened);
      const close = (): Promise<void> => {
        open.delete(opened);
        return opened.close();
      };
      return { podinfo: createClient(PodInfoDefinition, opened), close };
    },
    take: () => pool.take(),
    startWith: (descriptors) => program.start({ descriptors }),
    async serves() {
      const fresh = createChannel(abstract);
      for (const client of [podinfo, createClient(PodInfoDefinition, fresh)]) {
        expect(await client.describe({ text: 'Hello.' })).toEqual({ reply: 'Hello. And a reply from the server.' });
        expect(await collect(client.watch({ sampleLimit: 3 }))).toHaveLength(3);
      }
      await fresh.close();
    },
  };

  // Opens what libuv opens once for a process, as for watching a folder.
  const nobody = { onConnection() {}, onRefused() {} };
  await (await listenSocket({ kind: 'path', path: join(root, 'x.sock') }, {}, nobody)).close();

  return {
    async inject(fault) {
      const folder = mkdtempSync(join(root, 'fault-'));
      try {
        return await injectFault(fault, { ...shared, folder }, pool);
      } finally {
        for (const opened of open) await opened.close();
        open.clear();
        rmSync(folder, { recursive: true });
      }
    },
    async [Symbol.asyncDispose]() {
      await channel.close();
      await pool[Symbol.asyncDispose]();
      await server.kill();
      rmSync(root, { recursive: true });
      program[Symbol.dispose]();
    },
  };
}
