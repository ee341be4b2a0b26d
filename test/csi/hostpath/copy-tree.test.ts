import { spawnSync } from 'node:child_process';
import { chmod, link, lstat, mkdir, readdir, readFile, readlink, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyTree } from '../../../src/csi/hostpath/copy-tree.js';
import { temporaryFolder } from './temporary-folder.js';

describe('copyTree', () => {
  it('copies files, folders, links, modes and times', async () => {
    const [from, to] = [join(temporaryFolder(), 'from'), join(temporaryFolder(), 'to')];
    await mkdir(join(from, 'deep/er'), { recursive: true });
    await writeFile(join(from, 'deep/er/file'), 'content');
    await chmod(join(from, 'deep/er/file'), 0o640);
    await utimes(join(from, 'deep/er/file'), 1_000_000, 2_000_000);
    await symlink('/nowhere/at/all', join(from, 'link'));
    await link(join(from, 'deep/er/file'), join(from, 'second name'));
    await writeFile(join(from, '.hidden'), '');
    await chmod(join(from, 'deep'), 0o555);
    await chmod(from, 0o1777);
    await copyTree(from, to);
    expect((await readdir(to, { recursive: true })).sort()).toEqual(
      ['.hidden', 'deep', 'deep/er', 'deep/er/file', 'link', 'second name'].sort(),
    );
    expect(await readFile(join(to, 'deep/er/file'), 'utf8')).toBe('content');
    expect(await readlink(join(to, 'link'))).toBe('/nowhere/at/all');
    const modeOf = async (name: string) => (await lstat(join(to, name))).mode & 0o7777;
    expect([await modeOf(''), await modeOf('deep'), await modeOf('deep/er/file')]).toEqual([0o1777, 0o555, 0o640]);
    const file = await lstat(join(to, 'deep/er/file'));
    expect(file.mtimeMs).toBe(2_000_000_000);
    expect(file.nlink).toBe(2);
    expect((await lstat(join(to, 'second name'))).ino).toBe(file.ino);
    await chmod(join(from, 'deep'), 0o755);
    await chmod(join(to, 'deep'), 0o755);
  });

  it('leaves out what has no content', async (context) => {
    const [from, to] = [join(temporaryFolder(), 'from'), join(temporaryFolder(), 'to')];
    await mkdir(from);
    context.skip(spawnSync('mkfifo', [join(from, 'fifo')]).status !== 0, 'needs mkfifo(1)');
    await writeFile(join(from, 'file'), '');
    await copyTree(from, to);
    expect(await readdir(to)).toEqual(['file']);
  });

  it('stops when it is told to', async () => {
    const [from, to] = [join(temporaryFolder(), 'from'), join(temporaryFolder(), 'to')];
    await mkdir(from);
    for (let index = 0; index < 20; index++) await writeFile(join(from, `${index}`), 'content');
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('enough'));
    await expect(copyTree(from, to, { signal: controller.signal, onProgress })).rejects.toThrow('enough');
    expect(await readdir(to)).toHaveLength(1);
  });

  it('does not go through a link that stands where the folder was', async () => {
    const folder = temporaryFolder();
    await symlink('/etc', join(folder, 'from'));
    await expect(copyTree(join(folder, 'from'), join(folder, 'to'))).rejects.toMatchObject({
      code: expect.stringMatching(/ELOOP|ENOTDIR/),
    });
  });
});
