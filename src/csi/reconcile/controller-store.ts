import type { Database, Key, RootDatabase } from 'lmdb';
import { openEnvironment } from '../store/open-environment.js';
import { RecordTable } from '../store/record-table.js';
import type { DesiredSnapshot, DesiredVolume } from './desired-volume.js';
import type { SnapshotState } from './snapshot-state.js';
import type { VolumeState } from './volume-state.js';

/** What a controller remembers: what is desired, and what it knows of it, in one lmdb environment of its own. */
export class ControllerStore implements AsyncDisposable {
  readonly desiredVolumes: RecordTable<DesiredVolume, 'source'>;
  readonly desiredSnapshots: RecordTable<DesiredSnapshot, 'source'>;
  readonly volumes: RecordTable<VolumeState, 'volumeId' | 'source'>;
  readonly snapshots: RecordTable<SnapshotState, 'snapshotId' | 'source'>;
  readonly #environment: RootDatabase<unknown, Key>;
  readonly #about: Database<string, Key>;
  #closed = false;

  /** @param path a folder of its own, made when it is missing. One process at a time. */
  static async open(path: string): Promise<ControllerStore> {
    return new ControllerStore(await openEnvironment(path));
  }

  private constructor(environment: RootDatabase<unknown, Key>) {
    this.#environment = environment;
    this.#about = environment.openDB<string, Key>('about', {});
    const records = environment.openDB<unknown, Key>('records', {});
    const index = environment.openDB<true, Key>('index', {});
    this.desiredVolumes = new RecordTable(records, index, {
      name: 'desired-volume',
      indexes: { source: ({ source }) => source && sourceKey(source.kind, source.name) },
    });
    this.desiredSnapshots = new RecordTable(records, index, {
      name: 'desired-snapshot',
      indexes: { source: ({ of }) => sourceKey('volume', of) },
    });
    this.volumes = new RecordTable(records, index, {
      name: 'volume',
      indexes: {
        volumeId: ({ volumeId }) => volumeId,
        source: ({ creation: { source } }) => source && sourceKey(source.kind, source.id),
      },
    });
    this.snapshots = new RecordTable(records, index, {
      name: 'snapshot',
      indexes: {
        snapshotId: ({ snapshotId }) => snapshotId,
        source: ({ creation }) => sourceKey('volume', creation.sourceVolumeId),
      },
    });
  }

  /** Runs `change` alone; resolves when what it wrote is on disk. When it throws nothing was written. */
  async transaction<Result>(change: () => Result): Promise<Result> {
    if (this.#closed) throw new Error('the controller is closed');
    return this.#environment.childTransaction(change);
  }

  /** What else is remembered. */
  about(key: 'driver' | 'boot'): string | undefined {
    return this.#about.get(key);
  }

  /** In a transaction. */
  setAbout(key: 'driver' | 'boot', value: string): void {
    this.#about.put(key, value);
  }

  /** Waits for the changes that were begun. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#environment.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** By what objects are found that are made of another one: its name where they are desired, its id where they are known. */
export function sourceKey(kind: 'volume' | 'snapshot', nameOrId: string): string {
  return `${kind} ${nameOrId}`;
}
