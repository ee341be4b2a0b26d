import { constants } from 'node:fs';
import { copyFile as cloneFile, type FileHandle, open, rm, statfs } from 'node:fs/promises';
import type { CopyOptions } from './copy-options.js';
import { nextData } from './next-data.js';

const CHUNK = 1024 * 1024;
/** Holes come in blocks of the file system; this is the usual size of one. */
const BLOCK = 4096;
const ZEROS = Buffer.alloc(BLOCK);

/** What a file system says that cannot share blocks, or not between these two files. */
const NO_CLONE = new Set(['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'ENOTTY', 'EXDEV', 'EINVAL', 'EPERM', 'EBADF']);

/**
 * File systems (`f_type` of statfs: ext4, XFS, tmpfs) whose `st_blocks` counts also what is not on disk yet. Others may say 0
 * for a file that was just written.
 */
const COUNTS_ALL_BLOCKS = new Set([0xef53, 0x58465342, 0x01021994]);

/**
 * Copies the content of a regular file to a new one, which is for its owner alone. Where the file system can, both share
 * their blocks until one is written to (FICLONE), which takes no time and no room; else what is no hole is read in pieces,
 * and what is all zeros becomes a hole. On disk when the promise resolves.
 *
 * Rejects with EEXIST when there is something at `to`, and for a source that is no regular file.
 *
 * @returns how it was done.
 */
export async function copyFile(from: string, to: string, options: CopyOptions = {}): Promise<'cloned' | 'copied'> {
  options.signal?.throwIfAborted();
  // A workload may put a link or a FIFO in the place of its file: the first is not followed, the second not waited for.
  const source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await source.stat({ bigint: true });
    if (!stats.isFile()) throw new Error(`${from} is no regular file`);
    const { size, blocks } = stats;
    const cloned = await clone(process.platform === 'linux' ? `/proc/self/fd/${source.fd}` : from, to);
    const target = await open(to, cloned ? 'r+' : 'wx', 0o600);
    try {
      // What is nothing but a hole, as a new block volume is, need not be read.
      if (cloned || (blocks === 0n && COUNTS_ALL_BLOCKS.has((await statfs(from)).type))) options.onProgress?.(size);
      else await copyData(source, target, Number(size), options);
      if (!cloned) await target.truncate(Number(size));
      await target.chmod(0o600);
      await target.sync();
    } finally {
      await target.close();
    }
    return cloned ? 'cloned' : 'copied';
  } finally {
    await source.close();
  }
}

async function clone(from: string, to: string): Promise<boolean> {
  try {
    await cloneFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (error) {
    if (!NO_CLONE.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await rm(to, { force: true });
    return false;
  }
}

async function copyData(
  source: FileHandle,
  target: FileHandle,
  size: number,
  { signal, onProgress }: CopyOptions,
): Promise<void> {
  const chunk = Buffer.allocUnsafe(CHUNK);
  for (let position = 0; ; ) {
    signal?.throwIfAborted();
    const data = nextData(source.fd, position, size);
    const start = data?.start ?? size;
    if (start > position) onProgress?.(BigInt(start - position));
    if (data === undefined) return;
    const { bytesRead } = await source.read(chunk, 0, Math.min(CHUNK, data.end - start), start);
    if (bytesRead === 0) return;
    await writeData(target, chunk.subarray(0, bytesRead), start);
    onProgress?.(BigInt(bytesRead));
    position = start + bytesRead;
  }
}

/** Writes the blocks that are not all zeros, neighbours together. */
async function writeData(target: FileHandle, chunk: Buffer, position: number): Promise<void> {
  let start = 0;
  for (let offset = 0; offset < chunk.length; offset += BLOCK) {
    const block = chunk.subarray(offset, offset + BLOCK);
    if (!block.equals(ZEROS.subarray(0, block.length))) continue;
    await writeAll(target, chunk.subarray(start, offset), position + start);
    start = offset + block.length;
  }
  await writeAll(target, chunk.subarray(start), position + start);
}

async function writeAll(target: FileHandle, data: Buffer, position: number): Promise<void> {
  for (let written = 0; written < data.length; ) {
    const { bytesWritten } = await target.write(data, written, data.length - written, position + written);
    written += bytesWritten;
  }
}
