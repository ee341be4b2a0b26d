import { execFileSync } from 'node:child_process';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { canBindMount } from '../../../../src/csi/hostpath/bind-mounts.js';
import { ContentFolder } from '../../../../src/csi/hostpath/content-folder.js';
import { fileSystemProblems } from '../../../../src/csi/hostpath/health/file-system-problems.js';
import { temporaryFolder } from '../temporary-folder.js';

const mayMount = await canBindMount(process.env.TMPDIR ?? '/tmp');

async function reasonsOf(folder: ContentFolder): Promise<string[]> {
  return (await fileSystemProblems(folder)).map(({ reason }) => reason);
}

describe('fileSystemProblems', () => {
  it('finds the folder gone, or another in its place', async () => {
    const path = join(temporaryFolder(), 'volumes');
    const folder = await ContentFolder.open(path, 'vol', 'store', false);
    expect(await reasonsOf(folder)).toEqual([]);
    await rename(path, `${path}.away`);
    expect(await reasonsOf(folder)).toEqual(['StorageMissing']);
    await mkdir(path);
    expect(await reasonsOf(folder)).toEqual(['StorageMissing']);
    await rm(path, { recursive: true });
    await rename(`${path}.away`, path);
    expect(await reasonsOf(folder)).toEqual([]);
  });

  it.runIf(mayMount)('finds a file system that is full, read-only, or not mounted any more', async () => {
    const path = temporaryFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,nr_inodes=10', 'podwire-test', path]);
    let mounted = true;
    onTestFinished(() => {
      if (mounted) execFileSync('umount', [path]);
    });
    const folder = await ContentFolder.open(path, 'vol', 'store', false);
    expect(await reasonsOf(folder)).toEqual([]);
    await expect(writeFile(join(path, 'large'), Buffer.alloc(2 * 1024 ** 2, 1))).rejects.toMatchObject({
      code: 'ENOSPC',
    });
    expect(await reasonsOf(folder)).toEqual(['FileSystemFull']);
    await rm(join(path, 'large'));
    const many = async () => {
      for (let index = 0; ; index++) await writeFile(join(path, `file-${index}`), '');
    };
    await expect(many()).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await reasonsOf(folder)).toEqual(['NoFreeInodes']);
    execFileSync('mount', ['-o', 'remount,ro', path]);
    expect(await reasonsOf(folder)).toEqual(['FileSystemReadOnly', 'NoFreeInodes']);
    execFileSync('umount', [path]);
    mounted = false;
    expect(await reasonsOf(folder)).toEqual(['StorageMissing']);
  });
});
