import { type FileHandle, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { SpecVersion } from '../plugin/spec-version.js';
import { claimFolder } from '../store/claim-folder.js';
import { openStateFolder } from '../store/open-state-folder.js';
import { bindMounts, canBindMount } from './bind-mounts.js';
import { CapacityLedger } from './capacity-ledger.js';
import { checkHostPathOptions } from './check-host-path-options.js';
import { ContentFolder } from './content-folder.js';
import type { CopyOptions } from './copy-options.js';
import type { HostPathOptions } from './host-path-options.js';
import { linkMounts } from './link-mounts.js';
import { RecordStore } from './record-store.js';
import { reportCopy } from './report-copy.js';
import { SourceUses } from './source-uses.js';
import { type SweptOrphans, sweepOrphans } from './sweep-orphans.js';
import { Turns } from './turns.js';
import type { VolumeMounts } from './volume-mounts.js';

/** Its options, with what a plugin has besides. */
export type HostPathSettings = HostPathOptions & { readonly specVersion?: SpecVersion | undefined };

interface Parts {
  readonly options: HostPathSettings;
  readonly claim: FileHandle;
  readonly store: RecordStore;
  readonly volumes: ContentFolder;
  readonly snapshots: ContentFolder;
  readonly capacity: CapacityLedger;
  readonly mounts: VolumeMounts;
  readonly swept: SweptOrphans;
}

/** All that the handlers work on. */
export class HostPath implements AsyncDisposable {
  readonly options: HostPathOptions;
  readonly store: RecordStore;
  readonly volumes: ContentFolder;
  readonly snapshots: ContentFolder;
  readonly capacity: CapacityLedger;
  readonly mounts: VolumeMounts;
  /** Where snapshots can be used; empty when it plays no part, or callers of 1.12 would not know the field. */
  readonly snapshotTopology: readonly { readonly [key: string]: string }[];
  readonly sourceUses: SourceUses;
  /** For the steps that show and hide the content of one volume. */
  readonly turns = new Turns();
  /** What was put in order when it was opened. */
  readonly swept: SweptOrphans;
  readonly #claim: FileHandle;
  readonly #closing = new AbortController();

  /** Opens the state folder, makes what is missing of it, and puts in order what a crash left. */
  static async open(options: HostPathSettings): Promise<HostPath> {
    checkHostPathOptions(options);
    const folder = await openStateFolder(options.stateFolder);
    const claim = await claimFolder(folder, options.logger);
    let store: RecordStore | undefined;
    try {
      const totals = options.capacity ?? { standard: await sizeOf(folder) };
      const records = await RecordStore.open(join(folder, 'store'));
      store = records;
      const capacity = new CapacityLedger(totals, records.usedCapacity);
      const contents = (name: 'volumes' | 'snapshots', prefix: 'vol' | 'snap') =>
        ContentFolder.open(join(folder, name), prefix, records.id, records[name].page({ limit: 1 }).length > 0);
      const volumes = await contents('volumes', 'vol');
      const snapshots = await contents('snapshots', 'snap');
      const swept = await sweepOrphans(records, volumes, snapshots);
      if (swept.content.length > 0) options.logger?.info({ ids: swept.content }, 'removed what was left half done');
      if (swept.missing.length > 0) options.logger?.warn({ ids: swept.missing }, 'the content of these is gone');
      const mounts = await chooseMounts(options, folder);
      return new HostPath({ options, claim, store: records, volumes, snapshots, capacity, mounts, swept });
    } catch (error) {
      await store?.close();
      await claim.close();
      throw error;
    }
  }

  private constructor({ options, claim, store, volumes, snapshots, capacity, mounts, swept }: Parts) {
    this.options = options;
    this.#claim = claim;
    this.store = store;
    const { topology, specVersion } = options;
    this.snapshotTopology = topology === undefined || specVersion === '1.12' ? [] : [topology];
    this.sourceUses = new SourceUses(store);
    this.volumes = volumes;
    this.snapshots = snapshots;
    this.capacity = capacity;
    this.mounts = mounts;
    this.swept = swept;
  }

  /**
   * For a copy that a call asked for. It ends with the plugin and not with the call: a CO waits some seconds, asks again
   * with the same name, and finds the copy done at last. Were it cut short each time, a large volume would never be done.
   */
  copyOptions(from: string, to: string): CopyOptions {
    return { signal: this.#closing.signal, onProgress: reportCopy(this.options.logger, { from, to }) };
  }

  /** Ends copies, whose calls fail, lets mounts be done, closes the store, and leaves the folder to others. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the plugin was closed'));
    await this.turns.idle();
    await this.store.close();
    await this.#claim.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function sizeOf(folder: string): Promise<bigint> {
  const { blocks, bsize } = await statfs(folder, { bigint: true });
  return blocks * bsize;
}

async function chooseMounts({ mounts, logger }: HostPathOptions, folder: string): Promise<VolumeMounts> {
  if (mounts === 'links') return linkMounts;
  if (mounts === 'bind' || (await canBindMount(folder))) return bindMounts;
  logger?.warn({}, 'this process may not mount: volumes are shown by symlinks, and never read-only');
  return linkMounts;
}
