import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { open, readFile, stat, symlink, copyFile as systemCopy, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyFile } from '../../../src/csi/hostpath/copy-file.js';
import { temporaryFolder } from './temporary-folder.js';

const MEBIBYTE = 1024 * 1024;

/** 8 MiB with 5 bytes near the middle and 3 at its end. */
async function sparseFile(path: string): Promise<Buffer> {
  const file = await open(path, 'w');
  await file.write('start', 4 * MEBIBYTE - 2);
  await file.write('end', 8 * MEBIBYTE - 3);
  await file.close();
  return readFile(path);
}

describe('copyFile', () => {
  it('copies every byte, and leaves holes where nothing is', async () => {
    const folder = temporaryFolder();
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    const content = await sparseFile(from);
    let progress = 0n;
    await copyFile(from, to, { onProgress: (bytes) => (progress += bytes) });
    expect((await readFile(to)).equals(content)).toBe(true);
    expect(progress).toBe(8n * BigInt(MEBIBYTE));
    expect((await stat(to)).blocks * 512).toBeLessThan(MEBIBYTE);
  });

  it.each([0, 1, 4095, 4096, 4097, MEBIBYTE, MEBIBYTE + 1])('copies a file of %d bytes', async (size) => {
    const folder = temporaryFolder();
    const content = Buffer.alloc(size, 'podwire');
    await writeFile(join(folder, 'from'), content);
    await copyFile(join(folder, 'from'), join(folder, 'to'));
    expect((await readFile(join(folder, 'to'))).equals(content)).toBe(true);
  });

  it('does not read a file that is one hole', async () => {
    const folder = temporaryFolder();
    const file = await open(join(folder, 'from'), 'w');
    await file.truncate(1024 ** 4);
    await file.close();
    await copyFile(join(folder, 'from'), join(folder, 'to'));
    expect(await stat(join(folder, 'to'))).toMatchObject({ size: 1024 ** 4, blocks: 0 });
  });

  it('shares blocks where the file system can', async () => {
    const folder = temporaryFolder();
    await writeFile(join(folder, 'from'), 'content');
    const mode = constants.COPYFILE_FICLONE_FORCE;
    const can = await systemCopy(join(folder, 'from'), join(folder, 'probe'), mode).then(
      () => true,
      () => false,
    );
    const how = await copyFile(join(folder, 'from'), join(folder, 'to'));
    expect(how).toBe(can ? 'cloned' : 'copied');
  });

  it('stops when it is told to', async () => {
    const folder = temporaryFolder();
    await writeFile(join(folder, 'from'), Buffer.alloc(4 * MEBIBYTE, 1));
    const controller = new AbortController();
    let calls = 0;
    const onProgress = () => {
      if (++calls === 2) controller.abort(new Error('enough'));
    };
    const copied = copyFile(join(folder, 'from'), join(folder, 'to'), { signal: controller.signal, onProgress });
    const cloned = await copied.catch((error: Error) => {
      expect(error.message).toBe('enough');
      expect(calls).toBe(2);
    });
    // A clone is over before anything could stop it.
    expect([undefined, 'cloned']).toContain(cloned);
    controller.abort();
    await expect(
      copyFile(join(folder, 'from'), join(folder, 'never'), { signal: controller.signal }),
    ).rejects.toThrow();
  });

  it('overwrites nothing', async () => {
    const folder = temporaryFolder();
    await writeFile(join(folder, 'from'), 'new');
    await writeFile(join(folder, 'to'), 'old');
    await expect(copyFile(join(folder, 'from'), join(folder, 'to'))).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(join(folder, 'to'), 'utf8')).toBe('old');
  });

  it('follows no link', async () => {
    const folder = temporaryFolder();
    await symlink('/etc/hostname', join(folder, 'link'));
    await expect(copyFile(join(folder, 'link'), join(folder, 'to'))).rejects.toMatchObject({ code: 'ELOOP' });
  });

  it('does not wait for a FIFO', async (context) => {
    const folder = temporaryFolder();
    context.skip(spawnSync('mkfifo', [join(folder, 'fifo')]).status !== 0, 'needs mkfifo(1)');
    await expect(copyFile(join(folder, 'fifo'), join(folder, 'to'))).rejects.toThrow('no regular file');
  });
});
