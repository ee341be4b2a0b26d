import { lstat, readlink, rm, rmdir, symlink } from 'node:fs/promises';
import { failedPrecondition } from '../csi-error.js';
import type { VolumeMounts } from './volume-mounts.js';

/** Shows contents by symlinks, to programs that see the same file system. Needs no privilege, and cannot be read-only. */
export const linkMounts: VolumeMounts = {
  async show(content, target, _accessType, readonly) {
    if (readonly) throw failedPrecondition('read-only publishing needs mounts, which this plugin may not make');
    const found = await look(target);
    if (found?.isSymbolicLink() && (await readlink(target)) === content) return;
    // A CO may have made the folder; a link takes its place if it is empty.
    if (found?.isDirectory()) await rmdir(target);
    await symlink(content, target);
  },

  async hide(target) {
    const found = await look(target);
    if (found?.isDirectory()) await rmdir(target);
    else if (found !== undefined) await rm(target);
  },

  release: async () => {},
  resize: async () => {},
};

async function look(path: string) {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
}
