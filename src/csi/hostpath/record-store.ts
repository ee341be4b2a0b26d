import { randomUUID } from 'node:crypto';
import type { Key, RootDatabase } from 'lmdb';
import { openEnvironment } from '../store/open-environment.js';
import { RecordTable } from '../store/record-table.js';
import type { GroupSnapshotRecord } from './group-snapshot-record.js';
import type { PublicationRecord } from './publication-record.js';
import type { SnapshotRecord } from './snapshot-record.js';
import type { TargetRecord } from './target-record.js';
import { UsedCapacity } from './used-capacity.js';
import type { VolumeRecord } from './volume-record.js';

/** What a host-path plugin remembers, in one lmdb environment of its own. One process at a time. */
export class RecordStore implements AsyncDisposable {
  /** Stays the same as long as the store is there. */
  readonly id: string;
  readonly volumes: RecordTable<VolumeRecord, 'name'>;
  /** Those that live as long as a target; their names are the ids that the CO gave them. */
  readonly ephemeralVolumes: RecordTable<VolumeRecord, 'name'>;
  readonly snapshots: RecordTable<SnapshotRecord, 'name' | 'source' | 'group'>;
  readonly groupSnapshots: RecordTable<GroupSnapshotRecord, 'name'>;
  readonly publications: RecordTable<PublicationRecord, 'volume' | 'node'>;
  readonly targets: RecordTable<TargetRecord, 'volume'>;
  readonly usedCapacity: UsedCapacity;
  readonly #environment: RootDatabase<unknown, Key>;
  #closed = false;

  /**
   * Opens the store, and makes it when it is missing. The parent folder must be there.
   *
   * @param path a folder of its own.
   */
  static async open(path: string): Promise<RecordStore> {
    const environment = await openEnvironment(path);
    const about = environment.openDB<string, Key>('about', {});
    await environment.childTransaction(() => {
      if (about.get('id') === undefined) about.put('id', randomUUID());
    });
    return new RecordStore(environment, about.get('id')!);
  }

  private constructor(environment: RootDatabase<unknown, Key>, id: string) {
    this.#environment = environment;
    this.id = id;
    const records = environment.openDB<unknown, Key>('records', {});
    const index = environment.openDB<true, Key>('index', {});
    this.volumes = new RecordTable(records, index, { name: 'volume', indexes: { name: ({ name }) => name } });
    this.ephemeralVolumes = new RecordTable(records, index, {
      name: 'ephemeral volume',
      indexes: { name: ({ name }) => name },
    });
    this.snapshots = new RecordTable(records, index, {
      name: 'snapshot',
      indexes: {
        name: ({ name }) => name,
        source: ({ sourceVolumeId }) => sourceVolumeId,
        group: ({ groupId }) => groupId,
      },
    });
    this.groupSnapshots = new RecordTable(records, index, { name: 'group', indexes: { name: ({ name }) => name } });
    this.publications = new RecordTable(records, index, {
      name: 'publication',
      indexes: { volume: ({ volumeId }) => volumeId, node: ({ nodeId }) => nodeId },
    });
    const byVolume = { volume: ({ volumeId }: TargetRecord) => volumeId };
    this.targets = new RecordTable(records, index, { name: 'target', indexes: byVolume });
    this.usedCapacity = new UsedCapacity(environment.openDB<bigint, Key>('used-capacity', {}));
  }

  /**
   * Runs `change` alone, with what all changes before it wrote, and resolves when what it wrote is on disk. When it throws,
   * nothing of it was written, and the promise rejects with that. Changes that wait for the disk at the same time share
   * one flush.
   */
  async transaction<Result>(change: () => Result): Promise<Result> {
    if (this.#closed) throw new Error('the store is closed');
    return this.#environment.childTransaction(change);
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
