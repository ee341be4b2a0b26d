import { createHash } from 'node:crypto';
import { mkdir, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createVolumeFolder,
  dataFolder,
  deleteVolumeFolder,
  readVolumeRecord,
  type VolumeRecord,
  writeVolumeRecord,
} from './volume-record.js';

/**
 * Volumes as directories below one folder. Capacity is bookkeeping: a directory grows as far as its file system lets it.
 * One process at a time: the record on disk is read when it starts, then only written.
 */
export class DirectoryVolumes {
  /** Without symlinks. */
  readonly root: string;
  readonly capacityBytes: bigint;
  readonly #records = new Map<string, VolumeRecord>();
  /** Bytes of volumes that are being made. */
  readonly #reserved = new Map<string, bigint>();
  readonly #turns = new Map<string, Promise<unknown>>();

  /** Opens the folder, makes it if it is missing, and reads the volumes in it. */
  static async open(root: string, capacityBytes: bigint): Promise<DirectoryVolumes> {
    await mkdir(root, { recursive: true, mode: 0o700 });
    const volumes = new DirectoryVolumes(await realpath(root), capacityBytes);
    for (const entry of await readdir(volumes.root, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const record = await readVolumeRecord(join(volumes.root, entry.name));
      if (record !== undefined && record.id === entry.name) volumes.#records.set(record.id, record);
    }
    return volumes;
  }

  private constructor(root: string, capacityBytes: bigint) {
    this.root = root;
    this.capacityBytes = capacityBytes;
  }

  /**
   * The id is a hash of the name: a repeated call finds the first one's volume, also after a crash between the two, and
   * no name can lead out of the root folder.
   */
  static idOf(name: string): string {
    return `vol-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  }

  static isId(text: string): boolean {
    return /^vol-[0-9a-f]{32}$/.test(text);
  }

  get availableBytes(): bigint {
    let used = 0n;
    for (const { capacityBytes } of this.#records.values()) used += capacityBytes;
    for (const capacityBytes of this.#reserved.values()) used += capacityBytes;
    return this.capacityBytes > used ? this.capacityBytes - used : 0n;
  }

  get(id: string): VolumeRecord | undefined {
    return this.#records.get(id);
  }

  /** In the order of their ids, which does not change when volumes come and go: pages rely on it. */
  list(): VolumeRecord[] {
    return [...this.#records.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  dataFolderOf(id: string): string {
    return dataFolder(this.#folderOf(id));
  }

  /** Runs `action` after the earlier ones for the same volume, so that repeated and crossing calls are harmless. */
  async inTurn<Result>(id: string, action: () => Promise<Result>): Promise<Result> {
    const before = this.#turns.get(id);
    const turn = (async () => {
      await before?.catch(() => {});
      return action();
    })();
    this.#turns.set(id, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(id) === turn) this.#turns.delete(id);
    }
  }

  /** To be called in turn. Undefined when there is not so much room. */
  async create(name: string, capacityBytes: bigint): Promise<VolumeRecord | undefined> {
    if (capacityBytes > this.availableBytes) return undefined;
    const record = { id: DirectoryVolumes.idOf(name), name, capacityBytes };
    this.#reserved.set(record.id, capacityBytes);
    try {
      await createVolumeFolder(this.#folderOf(record.id), record);
      this.#records.set(record.id, record);
    } finally {
      this.#reserved.delete(record.id);
    }
    return record;
  }

  /** To be called in turn. */
  async update(record: VolumeRecord): Promise<void> {
    await writeVolumeRecord(this.#folderOf(record.id), record);
    this.#records.set(record.id, record);
  }

  /** To be called in turn. */
  async delete(id: string): Promise<void> {
    await deleteVolumeFolder(this.#folderOf(id));
    this.#records.delete(id);
  }

  #folderOf(id: string): string {
    return join(this.root, id);
  }
}
