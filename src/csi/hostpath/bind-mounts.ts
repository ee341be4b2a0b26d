import type { BigIntStats, Stats } from 'node:fs';
import { lstat, mkdir, open, readFile, readlink, realpath, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { failedPrecondition } from '../csi-error.js';
import { notEmpty } from './not-empty.js';
import { runCommand } from './run-command.js';
import type { MountProblem, Shown, VolumeMounts } from './volume-mounts.js';

/** Shows folders by bind mounts, and files by loop devices. Needs CAP_SYS_ADMIN, mount(8) and losetup(8). */
export const bindMounts: VolumeMounts = {
  async show(shown) {
    const { content, target, accessType, readonly } = shown;
    if ((await mountsAt(target)).length === 0) {
      await (accessType === 'mount' ? makeFolder(target) : makeFile(target));
      const source = accessType === 'mount' ? content : await loopDevice(content, readonly);
      await runCommand('mount', '--bind', '--', source, target);
    } else if ((await showsWhat(shown)) !== 'content') {
      throw failedPrecondition(`something else is mounted at ${target}`);
    }
    // A bind mount takes its options in a second step; a device has been made read-only itself.
    if (readonly && accessType === 'mount') await runCommand('mount', '-o', 'remount,bind,ro', '--', target);
  },

  async hide(shown) {
    const { target } = shown;
    while ((await mountsAt(target)).length > 0) {
      // Another volume may have got the path since the machine restarted.
      if ((await showsWhat(shown)) === 'other') return;
      await runCommand('umount', '--', target);
    }
    const found = await lstat(target).catch(ignoreMissing);
    if (found?.isDirectory()) await rmdir(target).catch(notEmpty(target));
    else if (found !== undefined && (isEmptyFile(found) || (await isLinkOf(shown, found))))
      await rm(target, { force: true });
  },

  async problemOf(shown): Promise<MountProblem | undefined> {
    const { target, readonly, accessType } = shown;
    const mounts = await mountsAt(target);
    if (mounts.length === 0) return { reason: 'NotMounted', message: `nothing is mounted at ${target}` };
    const what = await showsWhat(shown);
    if (what === 'other') return { reason: 'OtherMounted', message: `something else is mounted at ${target}` };
    if (what === 'nothing') {
      return { reason: 'LoopDeviceLost', message: `the device at ${target} no longer belongs to the volume's file` };
    }
    if (accessType === 'mount' && !readonly && mounts.at(-1)!.readonly) {
      return { reason: 'MountReadOnly', message: `the mount at ${target} has become read-only` };
    }
    return undefined;
  },

  async release(content, accessType) {
    if (accessType !== 'block') return;
    for (const { device } of await loopDevices(content)) await runCommand('losetup', '--detach', device);
  },

  async resize(content, accessType) {
    if (accessType !== 'block') return;
    for (const { device } of await loopDevices(content)) await runCommand('losetup', '--set-capacity', device);
  },
};

/** Whether this process may mount: it tries, in the folder that it is given. */
export async function canBindMount(folder: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const probe = join(folder, 'mount-probe');
  try {
    await mkdir(probe, { recursive: true });
    await unmount(probe);
    await runCommand('mount', '--bind', '--', probe, probe);
    await unmount(probe);
    return true;
  } catch {
    return false;
  } finally {
    // In use only if a mount of an earlier process is there that this one may not take away.
    await rmdir(probe).catch(() => {});
  }
}

/** All that is mounted at a path: also what a process that was killed has left. */
async function unmount(path: string): Promise<void> {
  for (let left = (await mountsAt(path)).length; left > 0; left--) await runCommand('umount', '--', path);
}

async function makeFolder(target: string): Promise<void> {
  await mkdir(target, { mode: 0o750 }).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    // Through a link it would be mounted somewhere else.
    if (!(await lstat(target)).isDirectory()) throw failedPrecondition(`there is something else at ${target}`);
  });
}

async function makeFile(target: string): Promise<void> {
  try {
    await (await open(target, 'wx', 0o600)).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!isEmptyFile(await lstat(target))) throw failedPrecondition(`there is something else at ${target}`);
  }
}

/** One that was made before this process might mount. */
async function isLinkOf({ content, target }: Pick<Shown, 'content' | 'target'>, found: Stats): Promise<boolean> {
  return found.isSymbolicLink() && (await readlink(target)) === content;
}

function isEmptyFile(found: Stats): boolean {
  return found.isFile() && found.size === 0;
}

/**
 * What a mount at the target shows: `nothing` is a loop device without a file, or a folder whose content is gone, so that
 * nobody else can be meant.
 */
async function showsWhat({
  content,
  target,
  accessType,
}: Omit<Shown, 'readonly'>): Promise<'content' | 'other' | 'nothing'> {
  const at = await stat(target, { bigint: true });
  const file = await stat(content, { bigint: true }).catch(ignoreMissing);
  if (accessType === 'mount') {
    if (file === undefined) return at.isDirectory() ? 'nothing' : 'other';
    return at.dev === file.dev && at.ino === file.ino ? 'content' : 'other';
  }
  if (!at.isBlockDevice()) return 'other';
  const backing = await backingFile(at);
  if (backing === content && file !== undefined) return 'content';
  return backing === undefined || backing.startsWith(content) ? 'nothing' : 'other';
}

/** The file behind a loop device, with ` (deleted)` behind it when it has gone; undefined when there is none. */
async function backingFile({ rdev }: BigIntStats): Promise<string | undefined> {
  // makedev(3): twelve bits of the major number above eight of the minor, and the rest of that above both.
  const major = (rdev >> 8n) & 0xfffn;
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xfff00n);
  const path = `/sys/dev/block/${major}:${minor}/loop/backing_file`;
  const text = await readFile(path, 'utf8').catch(ignoreMissing);
  return text?.replace(/\n$/, '');
}

interface Mount {
  readonly readonly: boolean;
}

/** The mounts that lie upon each other at a path, the one that is seen last. */
async function mountsAt(target: string): Promise<Mount[]> {
  const folder = await realpath(dirname(target)).catch(ignoreMissing);
  if (folder === undefined) return [];
  const path = join(folder, basename(target));
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  // The fifth field is the mount point, with white space and backslashes as octal numbers; options are the sixth and the last (proc(5)).
  const escaped = path.replace(
    /[ \t\n\\]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
  return (
    table
      .split('\n')
      .map((line) => line.split(' '))
      .filter((fields) => fields[4] === escaped)
      // The mount may be read-only, or the file system that it shows.
      .map((fields) => ({ readonly: [fields[5], fields.at(-1)].some((list) => list!.split(',').includes('ro')) }))
  );
}

async function loopDevice(content: string, readonly: boolean): Promise<string> {
  const existing = (await loopDevices(content)).find((loop) => loop.readonly === readonly);
  if (existing !== undefined) return existing.device;
  const options = readonly ? ['--read-only'] : [];
  return (await runCommand('losetup', '--find', '--show', ...options, '--', content)).trim();
}

async function loopDevices(content: string): Promise<{ device: string; readonly: boolean }[]> {
  const table = await runCommand('losetup', '--noheadings', '--raw', '--output', 'NAME,RO', '--associated', content);
  return table
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '))
    .map(([device, readonly]) => ({ device, readonly: readonly === '1' }));
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
