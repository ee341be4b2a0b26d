import { mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
// Outside this repository: from 'podwire', 'podwire/csi'.
import { type Controller, createController } from '../../src/csi/index.js';
import { sameUser } from '../../src/index.js';

export interface LeadOptions {
  /** Where the plugin is. */
  readonly endpoint: string;
  /** An existing folder for all that is made. */
  readonly folder: string;
  /** The folder in which the plugin has its volumes. */
  readonly pluginFolder: string;
  /** Kills the plugin, and says in words what it was. */
  readonly killPlugin: () => Promise<string>;
  /** Starts it again, and says where. */
  readonly restartPlugin: () => Promise<string>;
  /** Called after each step with what came out of it, in plain words. */
  readonly onStep: (title: string, outcome: string, elapsedMs: number) => void;
  readonly signal: AbortSignal;
}

const MEBIBYTE = 1024n * 1024n;
const TEXT = 'written by a workload, kept by a volume\n';

/** Volumes and a snapshot from the first wish to the last, through the death of their plugin. Each step checks what came out. */
export async function leadVolumes(options: LeadOptions): Promise<void> {
  const { endpoint, folder, onStep, signal } = options;
  const workloads = join(folder, 'workloads');
  await mkdir(workloads);
  const controller = await createController({
    endpoint,
    stateFolder: join(folder, 'controller'),
    // A person watches: what failed is tried again soon.
    backoff: { firstMs: 50, longestMs: 1_000 },
    // The plugin is our own child: no other user's process may pretend to be it, be it root's.
    connect: { channel: { allowServer: sameUser() } },
  });
  try {
    await lead(controller, workloads, options, async (title, action) => {
      const start = performance.now();
      const outcome = await action();
      signal.throwIfAborted();
      onStep(title, outcome, performance.now() - start);
    });
  } finally {
    await controller.close();
  }
}

async function lead(
  controller: Controller,
  workloads: string,
  { folder, pluginFolder, killPlugin, restartPlugin, signal }: LeadOptions,
  step: (title: string, action: () => Promise<string>) => Promise<void>,
): Promise<void> {
  const { volumes, snapshots } = controller;
  const data = join(workloads, 'data');
  const copy = join(workloads, 'copy');
  const spec = { size: '64Mi', publish: [{ target: data }] };

  /** What the controller calls until all is as desired. */
  async function calls(wish: () => Promise<unknown>): Promise<string> {
    const made: string[] = [];
    const ended = new AbortController();
    const reading = (async () => {
      for await (const event of controller.events({ signal: ended.signal })) {
        if (event.type === 'operationSucceeded') made.push(event.method);
      }
    })();
    await wish();
    await controller.settled({ signal });
    // Events come right behind.
    await new Promise(setImmediate);
    ended.abort();
    await reading;
    return made.join(', ');
  }

  await step('want a volume', async () => {
    const made = await calls(() => volumes.set('data', spec));
    const { volumeId, capacityBytes } = volumes.get('data')!;
    return `${volumeId} of ${capacityBytes / MEBIBYTE} MiB, by ${made}`;
  });
  await step('write through its path', async () => {
    await writeFile(join(data, 'greeting.txt'), TEXT);
    return `greeting.txt, ${Buffer.byteLength(TEXT)} bytes`;
  });
  await step("read it in the volume's own folder", async () => {
    const own = await readlink(data);
    check((await readFile(join(own, 'greeting.txt'), 'utf8')) === TEXT, 'other bytes were read');
    return `the same bytes in ${own}`;
  });
  await step('want a snapshot', async () => {
    const made = await calls(() => snapshots.set('nightly', { of: 'data' }));
    return `${snapshots.get('nightly')!.snapshotId}, by ${made}`;
  });
  await step('kill the plugin', killPlugin);
  await step('want a copy of the snapshot', async () => {
    await volumes.set('copy', { ...spec, from: { snapshot: 'nightly' }, publish: [{ target: copy }] });
    return 'written down until the plugin is back';
  });
  await step('start the plugin again', restartPlugin);
  await step('see the copy made', async () => {
    const made = await calls(async () => {});
    check((await readFile(join(copy, 'greeting.txt'), 'utf8')) === TEXT, 'the copy has other bytes');
    return `${volumes.get('copy')!.volumeId} with greeting.txt in it, by ${made}`;
  });
  await step('want the volume larger', async () => {
    const made = await calls(() => volumes.set('data', { ...spec, size: '128Mi' }));
    return `${volumes.get('data')!.capacityBytes / MEBIBYTE} MiB, by ${made}`;
  });
  await step('want nothing any more', async () => {
    await Promise.all([volumes.delete('data'), volumes.delete('copy'), snapshots.delete('nightly')]);
    await controller.settled({ signal });
    return 'unpublished, unstaged, deleted, what depends on others first';
  });
  await step('look for what is left', async () => {
    for (const place of [workloads, join(folder, 'controller/staging')]) {
      check((await readdir(place)).length === 0, `${place} is not empty`);
    }
    for (const kind of ['volumes', 'snapshots']) {
      // The plugin's own mark.
      const left = (await readdir(join(pluginFolder, kind))).filter((name) => !name.startsWith('.'));
      check(left.length === 0, `${left} is left of the ${kind}`);
    }
    return 'no volume, no snapshot, no path';
  });
}

function check(holds: boolean, problem: string): void {
  if (!holds) throw new Error(problem);
}
