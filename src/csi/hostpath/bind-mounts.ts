import { lstat, mkdir, open, readFile, realpath, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { runCommand } from './run-command.js';
import type { VolumeMounts } from './volume-mounts.js';

/** Shows folders by bind mounts, and files by loop devices. Needs CAP_SYS_ADMIN, mount(8) and losetup(8). */
export const bindMounts: VolumeMounts = {
  async show(content, target, accessType, readonly) {
    if ((await mountsAt(target)) === 0) {
      const source = accessType === 'mount' ? content : await loopDevice(content, readonly);
      if (accessType === 'mount') await mkdir(target, { mode: 0o750 }).catch(ignoreExisting);
      else await (await open(target, 'a', 0o600)).close();
      await runCommand('mount', '--bind', '--', source, target);
    }
    // A bind mount takes its options in a second step; a device has been made read-only itself.
    if (readonly && accessType === 'mount') await runCommand('mount', '-o', 'remount,bind,ro', '--', target);
  },

  async hide(target) {
    for (let mounts = await mountsAt(target); mounts > 0; mounts--) await runCommand('umount', '--', target);
    const found = await lstat(target).catch(ignoreMissing);
    if (found?.isDirectory()) await rmdir(target);
    else await rm(target, { force: true });
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
    await runCommand('mount', '--bind', '--', probe, probe);
    await runCommand('umount', '--', probe);
    return true;
  } catch {
    return false;
  } finally {
    await rmdir(probe).catch(ignoreMissing);
  }
}

/** How many mounts lie upon each other at a path. */
async function mountsAt(target: string): Promise<number> {
  const folder = await realpath(dirname(target)).catch(ignoreMissing);
  if (folder === undefined) return 0;
  const path = join(folder, basename(target));
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  // The fifth field is the mount point, with white space and backslashes as octal numbers (proc(5)).
  const escaped = path.replace(
    /[ \t\n\\]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
  return table.split('\n').filter((line) => line.split(' ')[4] === escaped).length;
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

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
