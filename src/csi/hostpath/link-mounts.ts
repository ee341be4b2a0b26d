import { lstat, readlink, rm, rmdir, symlink } from 'node:fs/promises';
import { failedPrecondition } from '../csi-error.js';
import { notEmpty } from './not-empty.js';
import type { VolumeMounts } from './volume-mounts.js';

/** Shows contents by symlinks, to programs that see the same file system. Needs no privilege, and cannot be read-only. */
export const linkMounts: VolumeMounts = {
  async show({ content, target, readonly }) {
    if (readonly) throw failedPrecondition('read-only publishing needs mounts, which this plugin may not make');
    const kind = await kindOf(target, content);
    if (kind === 'shown') return;
    if (kind === 'other') throw failedPrecondition(`there is something else at ${target}`);
    // A CO may have made the folder; a link takes its place if it is empty.
    if (kind === 'folder') await rmdir(target).catch(notEmpty(target));
    await symlink(content, target);
  },

  async hide({ content, target }) {
    const kind = await kindOf(target, content);
    if (kind === 'folder') await rmdir(target).catch(notEmpty(target));
    else if (kind === 'shown') await rm(target, { force: true });
  },

  async problemOf({ content, target }) {
    const kind = await kindOf(target, content);
    if (kind === 'shown') return undefined;
    if (kind === 'other') return { reason: 'OtherMounted', message: `there is something else at ${target}` };
    return { reason: 'NotMounted', message: `the link at ${target} is gone` };
  },

  release: async () => {},
  resize: async () => {},
};

async function kindOf(target: string, content: string): Promise<'none' | 'shown' | 'folder' | 'other'> {
  const found = await lstat(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (found === undefined) return 'none';
  if (found.isDirectory()) return 'folder';
  return found.isSymbolicLink() && (await readlink(target)) === content ? 'shown' : 'other';
}
