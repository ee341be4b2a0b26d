import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbeResponse } from '../../../../gen/csi/v1/csi.js';
import { Code } from '../../../rpc/code.js';
import { RpcError } from '../../../rpc/rpc-error.js';
import type { Check } from '../check.js';
import { equal, refused } from '../expectations.js';
import type { Trial } from '../trial.js';
import { Unmet } from '../unmet.js';
import { Untestable } from '../untestable.js';

/** Rounds of operations that are under way when the plugin is killed. */
const ROUNDS = 3;
const AT_ONCE = 8;
const PAGE = 2;
/** For a plugin that has just been started. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 50;

/** The plugin is killed with SIGKILL and started again. */
export const crashChecks: readonly Check[] = [
  {
    name: 'crash/nothing-that-was-acknowledged-is-lost',
    needs: ['option restart', 'controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      for (let round = 0; round < ROUNDS; round++) {
        const workers = Array.from({ length: AT_ONCE }, () => new Worker(trial));
        await killDuring(trial, workers);
        for (const { acknowledged, started } of workers) {
          for (const [name, volumeId] of acknowledged) {
            const again = await trial.createVolume(trial.volumeRequest({ name }));
            equal(again.volumeId, volumeId, 'the volume_id that was acknowledged before the crash');
          }
          // Whether these were made nobody knows; the retry gives one volume, and the next one the same.
          for (const name of started) {
            const { volumeId } = await trial.createVolume(trial.volumeRequest({ name }));
            const { volumeId: again } = await trial.createVolume(trial.volumeRequest({ name }));
            equal(again, volumeId, 'one volume_id for all retries of a call that was cut short');
          }
        }
      }
    },
  },
  {
    name: 'crash/no-volume-is-there-twice',
    needs: ['option restart', 'controller CREATE_DELETE_VOLUME', 'controller LIST_VOLUMES'],
    async run(trial) {
      const before = new Set(await listed(trial));
      const workers = Array.from({ length: AT_ONCE }, () => new Worker(trial));
      await killDuring(trial, workers);
      const wanted = new Set<string>();
      for (const { acknowledged, started } of workers) {
        for (const name of [...acknowledged.keys(), ...started]) {
          wanted.add((await trial.createVolume(trial.volumeRequest({ name }))).volumeId);
        }
      }
      const found = (await listed(trial)).filter((id) => !before.has(id)).sort();
      equal(found, [...wanted].sort(), 'a volume for each name, and no other');
    },
  },
  {
    name: 'crash/what-was-deleted-stays-so',
    needs: ['option restart', 'controller CREATE_DELETE_VOLUME', 'controller LIST_VOLUMES'],
    async run(trial) {
      const made = [await trial.createVolume(), await trial.createVolume()].map(({ volumeId }) => volumeId);
      await trial.deleteVolume(made[0]!);
      await restart(trial);
      const found = (await listed(trial)).filter((id) => made.includes(id));
      equal(found, [made[1]], 'the one volume that was not deleted');
    },
  },
  {
    name: 'crash/snapshots-are-kept',
    needs: ['option restart', 'controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      const request = trial.snapshotRequest(volumeId);
      const { snapshotId, creationTime } = await trial.createSnapshot(volumeId, request);
      await restart(trial);
      const again = await trial.createSnapshot(volumeId, request);
      equal([again.snapshotId, again.creationTime], [snapshotId, creationTime], 'the snapshot from before the crash');
    },
  },
  {
    name: 'crash/what-is-published-stays-so',
    needs: ['option restart', 'controller CREATE_DELETE_VOLUME', 'node'],
    async run(trial) {
      const request = await trial.publish(await trial.createVolume());
      await restart(trial);
      const other = { ...request, readonly: true };
      await refused(
        trial.node.nodePublishVolume(other),
        'a target that was published in another way before the crash',
        Code.ALREADY_EXISTS,
      );
      await trial.node.nodePublishVolume(request);
      await trial.node.nodeUnpublishVolume({ volumeId: request.volumeId, targetPath: request.targetPath });
    },
  },
  {
    name: 'crash/a-list-goes-on-or-begins-anew',
    needs: ['option restart', 'controller CREATE_DELETE_VOLUME', 'controller LIST_VOLUMES'],
    async run(trial) {
      const made: string[] = [];
      while (made.length < 2 * PAGE + 1) made.push((await trial.createVolume()).volumeId);
      const first = await trial.controller.listVolumes({ maxEntries: PAGE });
      if (first.nextToken === '') throw new Untestable('all volumes are on the first page, whatever max_entries says');
      await restart(trial);
      // Either is right: the token still holds, and then gives the rest; or it is ABORTED, and the CO lists anew.
      const seen = first.entries.map(({ volume }) => volume?.volumeId ?? '');
      for (let token = first.nextToken; token !== ''; ) {
        const page = await trial.controller.listVolumes({ maxEntries: PAGE, startingToken: token }).catch(onlyAborted);
        if (page === undefined) return;
        seen.push(...page.entries.map(({ volume }) => volume?.volumeId ?? ''));
        token = page.nextToken;
      }
      equal(
        made.filter((id) => !seen.includes(id)),
        [],
        'the rest of the list, or ABORTED; no volume missing',
      );
    },
  },
];

/** Makes volumes, one after the other, until a call fails or it is told to stop. */
class Worker {
  /** Names, with the ids that the plugin gave. */
  readonly acknowledged = new Map<string, string>();
  /** Names of calls without an answer. */
  readonly started: string[] = [];
  readonly #trial: Trial;
  #stopped = false;

  constructor(trial: Trial) {
    this.#trial = trial;
  }

  stop(): void {
    this.#stopped = true;
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      const request = this.#trial.volumeRequest();
      try {
        this.acknowledged.set(request.name!, (await this.#trial.createVolume(request)).volumeId);
      } catch (error) {
        if (!(error instanceof RpcError) || !cutShort.has(error.code)) throw error;
        this.started.push(request.name!);
        return;
      }
    }
  }
}

/** How a call ends when the plugin is gone, or just about to be. */
const cutShort = new Set<Code>([Code.UNAVAILABLE, Code.CANCELLED, Code.UNKNOWN, Code.INTERNAL]);

/** Kills the plugin while all of the workers have a call under way, and some have had an answer. */
async function killDuring(trial: Trial, workers: readonly Worker[]): Promise<void> {
  let over = false;
  const working = Promise.all(workers.map((worker) => worker.run())).finally(() => {
    over = true;
  });
  // It is awaited when the plugin was started again.
  working.catch(() => {});
  const answered = (async () => {
    while (!over && !workers.some(({ acknowledged }) => acknowledged.size > 1)) await new Promise(setImmediate);
  })();
  // A worker that fails says more than one that never has an answer.
  await Promise.race([answered, working]);
  await restart(trial);
  // One that had no call under way goes on with the new plugin.
  for (const worker of workers) worker.stop();
  await working;
}

async function restart(trial: Trial): Promise<void> {
  await trial.options.restart?.();
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await trial.identity.probe({}).catch((error: unknown) => error);
    if (!(answer instanceof Error) && (answer as ProbeResponse).ready !== false) return;
    // The connection may only just have ended, and the plugin need not be ready at once.
    if (performance.now() > until)
      throw answer instanceof Error ? answer : new Unmet('a plugin that is ready', 'ready: false');
    await sleep(PAUSE_MS);
  }
}

async function listed(trial: Trial): Promise<string[]> {
  return (await trial.listVolumes()).flatMap(({ entries }) => entries.map(({ volume }) => volume?.volumeId ?? ''));
}

function onlyAborted(error: unknown): undefined {
  if (!(error instanceof RpcError) || error.code !== Code.ABORTED) throw error;
}
