import { type BigIntStats, constants } from 'node:fs';
import { chmod, lchown, link, lstat, lutimes, mkdir, open, opendir, readlink, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { copyFile } from './copy-file.js';
import type { CopyOptions } from './copy-options.js';

/**
 * Copies a folder with all that is in it to a new one: files, folders and symlinks with their modes and times, owners when
 * this process may give files away, and hard links as such. Sockets, FIFOs and devices have no content and are left out,
 * and so are extended attributes, which Node cannot read. Mounts inside are not entered.
 *
 * The folder may be in use: what comes or goes in the meantime is copied or not, and no link that is put into the place
 * of a folder leads out of it.
 */
export async function copyTree(from: string, to: string, options: CopyOptions = {}): Promise<void> {
  const { dev } = await lstat(from, { bigint: true });
  await copyFolder(from, to, { ...options, device: dev, linked: new Map() });
}

interface Tree extends CopyOptions {
  readonly device: bigint;
  /** Copies of files with several names, by inode. */
  readonly linked: Map<bigint, string>;
}

async function copyFolder(from: string, to: string, tree: Tree): Promise<void> {
  const folder = await open(from, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const stats = await folder.stat({ bigint: true });
    if (stats.dev !== tree.device) return;
    await mkdir(to, { mode: 0o700 });
    // By its descriptor it stays the same folder whatever is renamed meanwhile.
    const path = process.platform === 'linux' ? `/proc/self/fd/${folder.fd}` : from;
    for await (const entry of await opendir(path)) {
      tree.signal?.throwIfAborted();
      await copyEntry(join(path, entry.name), join(to, entry.name), tree);
    }
    await describe(to, stats);
    const copy = await open(to, constants.O_RDONLY | constants.O_DIRECTORY).catch(() => undefined);
    await copy?.sync();
    await copy?.close();
  } finally {
    await folder.close();
  }
}

async function copyEntry(from: string, to: string, tree: Tree): Promise<void> {
  try {
    const stats = await lstat(from, { bigint: true });
    if (stats.isDirectory()) await copyFolder(from, to, tree);
    else if (stats.isSymbolicLink()) await copyLink(from, to, stats);
    else if (stats.isFile()) await copyRegularFile(from, to, stats, tree);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

async function copyLink(from: string, to: string, stats: BigIntStats): Promise<void> {
  await symlink(await readlink(from), to);
  await own(to, stats);
  await lutimes(to, seconds(stats.atimeNs), seconds(stats.mtimeNs));
}

async function copyRegularFile(from: string, to: string, stats: BigIntStats, tree: Tree): Promise<void> {
  const known = stats.nlink > 1n ? tree.linked.get(stats.ino) : undefined;
  if (known !== undefined) return link(known, to);
  await copyFile(from, to, tree);
  await describe(to, stats);
  if (stats.nlink > 1n) tree.linked.set(stats.ino, to);
}

async function describe(path: string, stats: BigIntStats): Promise<void> {
  await own(path, stats);
  // After the owner: a new owner takes set-user-id bits away.
  await chmod(path, Number(stats.mode & 0o7777n));
  await utimes(path, seconds(stats.atimeNs), seconds(stats.mtimeNs));
}

async function own(path: string, { uid, gid }: BigIntStats): Promise<void> {
  if (process.geteuid?.() === 0) await lchown(path, Number(uid), Number(gid));
}

/** It went, or became something else, since it was looked at. */
function isGone(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return (code === 'ENOENT' || code === 'ELOOP' || code === 'ENOTDIR') && syscall !== 'mkdir';
}

function seconds(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e9;
}
