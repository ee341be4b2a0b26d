import { chmod, type FileHandle, mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyFile } from './copy-file.js';
import type { CopyOptions } from './copy-options.js';
import { copyTree } from './copy-tree.js';
import { isId } from './is-id.js';
import { removeTree } from './remove-tree.js';
import type { AccessType } from './volume-record.js';

const MARK = '.store';

/**
 * The contents of volumes, or of snapshots: for each a folder (mount) or a sparse file (block) that has its id as a name.
 * Content is there before its record is written and goes after it was removed, so that after a crash there may be content
 * without a record, which is swept, and never the other way round.
 */
export class ContentFolder {
  readonly path: string;
  readonly #prefix: 'vol' | 'snap';
  readonly #storeId: string;

  /**
   * Opens the folder, or makes it. It is marked as belonging to one store: with another store's records all that is in it
   * would be swept.
   *
   * Rejects when it belongs to another store, or when it is not the one that the store had: a disk that is not mounted.
   *
   * @param hasRecords whether the store knows of content that must be here.
   */
  static async open(
    path: string,
    prefix: 'vol' | 'snap',
    storeId: string,
    hasRecords: boolean,
  ): Promise<ContentFolder> {
    // What is in it is for those who get it mounted, and passes by this mode then.
    await mkdir(path, { recursive: true, mode: 0o700 });
    const folder = new ContentFolder(path, prefix, storeId);
    const found = await folder.#mark();
    if (found === storeId) return folder;
    const isEmpty = (await folder.ids()).length === 0;
    if (found !== '' || hasRecords || !isEmpty) {
      throw new Error(
        `${path} does not belong to the records beside it: mount the disk or restore the store that it was used with, ` +
          'or move what is in it elsewhere and remove the store to begin anew',
      );
    }
    await writeFile(join(path, MARK), storeId, { flush: true });
    await syncFolder(path);
    return folder;
  }

  private constructor(path: string, prefix: 'vol' | 'snap', storeId: string) {
    this.path = path;
    this.#prefix = prefix;
    this.#storeId = storeId;
  }

  /** Whether it is still the folder that was opened, and not the empty one under a disk that is no longer mounted. */
  async isThere(): Promise<boolean> {
    return this.#mark().then(
      (mark) => mark === this.#storeId,
      () => false,
    );
  }

  /** @throws TypeError for what is no id: no name that a CO chose leads to a path. */
  pathOf(id: string): string {
    if (!isId(this.#prefix, id)) throw new TypeError(`${JSON.stringify(id)} is not an id of this plugin`);
    return join(this.path, id);
  }

  /** Makes empty content. On disk when the promise resolves. */
  async create(id: string, accessType: AccessType, sizeBytes: bigint): Promise<void> {
    const path = this.pathOf(id);
    await this.#make(id, async () => {
      if (accessType === 'mount') {
        await mkdir(path);
        // Workloads have users of their own; the mode that mkdir takes is narrowed by the umask.
        await chmod(path, 0o777);
      } else {
        await withFile(path, 'wx', async (file) => {
          await file.truncate(Number(sizeBytes));
          await file.sync();
        });
      }
    });
  }

  /**
   * Makes content as a copy. On disk when the promise resolves; nothing is left when it rejects.
   *
   * @param sizeBytes of a block device: the copy has just this size, whether its source grows in the meantime or not.
   */
  async copy(
    id: string,
    from: string,
    accessType: AccessType,
    sizeBytes: bigint,
    options: CopyOptions = {},
  ): Promise<void> {
    const path = this.pathOf(id);
    await this.#make(id, async () => {
      if (accessType === 'mount') return copyTree(from, path, options);
      await copyFile(from, path, options);
      await withFile(path, 'r+', async (file) => {
        await file.truncate(Number(sizeBytes));
        await file.sync();
      });
    });
  }

  /** Nobody writes to the file of a block device any more. A folder is reached by nobody but this plugin anyway. */
  async freeze(id: string, accessType: AccessType): Promise<void> {
    if (accessType === 'block') await chmod(this.pathOf(id), 0o400);
  }

  /** Lets the file of a block device grow to that size. It never shrinks. */
  async resize(id: string, sizeBytes: bigint): Promise<void> {
    await withFile(this.pathOf(id), 'r+', async (file) => {
      const { size } = await file.stat({ bigint: true });
      if (size < sizeBytes) await file.truncate(Number(sizeBytes));
      await file.sync();
    });
  }

  /** It may be gone. */
  remove(id: string): Promise<void> {
    return removeTree(this.pathOf(id));
  }

  /** What there is, in no order. Whatever has another name is not of this plugin and left alone. */
  async ids(): Promise<string[]> {
    return (await readdir(this.path)).filter((name) => isId(this.#prefix, name));
  }

  /** Empty where there is none. */
  #mark(): Promise<string> {
    return readFile(join(this.path, MARK), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
  }

  async #make(id: string, make: () => Promise<void>): Promise<void> {
    try {
      await make();
      await syncFolder(this.path);
    } catch (error) {
      await this.remove(id);
      throw error;
    }
  }
}

async function syncFolder(path: string): Promise<void> {
  await withFile(path, 'r', (folder) => folder.sync());
}

async function withFile(path: string, flags: string, action: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await action(file);
  } finally {
    await file.close();
  }
}
