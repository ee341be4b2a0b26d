import { existsSync, renameSync } from 'node:fs';
import path from 'node:path';
import type { Bench, LoadOptions } from '../harness/bench.js';
import { BenchProcess } from '../harness/bench-process.js';
import type { Contender, Scenario } from '../harness/scenario.js';

const server = path.join(import.meta.dirname, '../node/host-path-server.js');
const client = path.join(import.meta.dirname, '../node/host-path-client.js');
const fill = path.join(import.meta.dirname, '../node/host-path-fill.js');

const PAGE = 100;

/** What CreateVolume costs, by how many volumes there are. Each one is deleted again, unmeasured. */
export const hostPathCreate = growth('CSI host-path plugin, CreateVolume among many, 100 workers', 'volumes', {
  call: 'create-one',
  inFlight: 100,
});

/** What a page of ListVolumes costs, by how many volumes there are, page after page through all of them. */
export const hostPathList = growth('CSI host-path plugin, ListVolumes by pages of 100', 'pages', {
  call: 'list-pages',
  messages: PAGE,
});

function growth(name: string, unit: string, load: LoadOptions): Scenario {
  return {
    name,
    unit,
    figure: 'perSecond',
    // On average: the first round makes the volumes.
    overhead: 4,
    rounds: 2,
    // A call is to cost the same, however many there are.
    contenders: (peers, { volumes }) => (peers.has('podwire') ? volumes.map((count) => contender(count, load)) : []),
  };
}

function contender(count: number, load: LoadOptions): Contender {
  const name = `${count.toLocaleString('en')} volumes there`;
  return {
    name,
    async measure(bench) {
      const folder = await filled(bench, count);
      const state = `--state-folder=${folder}`;
      const programs = { name, server: [process.execPath, server, state], client: [process.execPath, client] };
      return bench.load(programs, load);
    },
  };
}

/** A plugin's folder with so many volumes, made once for all rounds. It goes with the folder of the run. */
async function filled(bench: Bench, count: number): Promise<string> {
  const folder = path.join(bench.options.folder, `host-path-${count}`);
  if (existsSync(folder)) return folder;
  const making = `${folder}.new`;
  const command = [process.execPath, fill, `--state-folder=${making}`, `--volumes=${count}`];
  const filling = new BenchProcess('what makes the volumes', command, undefined);
  try {
    await filling.expect('filled', 20 + count / 100);
  } finally {
    await filling.stop();
  }
  renameSync(making, folder);
  return folder;
}
