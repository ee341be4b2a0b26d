import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { canBindMount } from '../../src/csi/hostpath/bind-mounts.js';
import type { Contender, Scenario } from '../harness/scenario.js';

const server = path.join(import.meta.dirname, '../node/host-path-server.js');
const client = path.join(import.meta.dirname, '../node/host-path-client.js');

const WORKERS = 100;
const mayMount = await tryMount();

/**
 * What a CSI plugin gets done: 100 workers, as many as external-provisioner has, each with one volume after the other through
 * its whole life. Every record and every folder is on disk before a call is answered, so that this is a matter of the disk
 * more than of the wire; with mounts, of mount(8), which is a process for each publishing.
 */
export const hostPathLifeCycle: Scenario = {
  name: 'CSI host-path plugin, life cycles of volumes, 100 workers',
  unit: 'CSI calls',
  figure: 'perSecond',
  overhead: 4,
  contenders(peers) {
    if (!peers.has('podwire')) return [];
    const ways = mayMount ? (['links', 'bind'] as const) : (['links'] as const);
    return ways.map((mounts): Contender => {
      const name = mounts === 'links' ? 'shown by symlinks' : 'shown by bind mounts';
      return {
        name,
        async measure(bench) {
          const folder = mkdtempSync(path.join(bench.options.folder, 'host-path-'));
          const targets = mkdtempSync(path.join(bench.options.folder, 'targets-'));
          // Mounts that are left when something fails go with the namespace.
          const own = mounts === 'bind' ? ['unshare', '--mount'] : [];
          try {
            return await bench.load(
              {
                name,
                server: [...own, process.execPath, server, `--state-folder=${folder}`, `--mounts=${mounts}`],
                client: [process.execPath, client, `--target-folder=${targets}`],
              },
              { call: 'life-cycle', inFlight: WORKERS },
            );
          } finally {
            for (const made of [folder, targets]) rmSync(made, { recursive: true });
          }
        },
      };
    });
  },
};

async function tryMount(): Promise<boolean> {
  const folder = mkdtempSync(path.join(tmpdir(), 'podwire-bench-mount-'));
  try {
    return await canBindMount(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
