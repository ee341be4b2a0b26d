import { lstat, readlink, rmdir, symlink, unlink } from 'node:fs/promises';
// Outside this repository: from 'podwire'.
import { Code, RpcError } from '../../src/index.js';

/**
 * Makes a volume visible at `path`. A plugin with the right to mount would bind-mount it; a symlink needs no rights, and
 * does for programs that see the same file system as this one.
 *
 * Succeeds when the link is there already, and takes the place of an empty folder; anything else is left alone.
 */
export async function makeLink(path: string, target: string): Promise<void> {
  if (await isLink(path, target)) return;
  // Some COs make the target folder beforehand. rmdir removes nothing but an empty one.
  await rmdir(path).catch(() => {});
  try {
    await symlink(target, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new RpcError(Code.FAILED_PRECONDITION, `${path} holds something else; it is left as it is`);
  }
}

/** Succeeds when nothing is there. What is not our link is left alone. */
export async function removeLink(path: string, target: string): Promise<void> {
  if (await isLink(path, target)) return unlink(path);
  const found = await lstat(path).catch(() => undefined);
  if (found !== undefined) {
    throw new RpcError(Code.FAILED_PRECONDITION, `${path} is not the link that was made there; it is left as it is`);
  }
}

async function isLink(path: string, target: string): Promise<boolean> {
  return (await readlink(path).catch(() => undefined)) === target;
}
