import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ContentFolder } from '../../../src/csi/hostpath/content-folder.js';
import { newId } from '../../../src/csi/hostpath/new-id.js';
import { temporaryFolder } from './temporary-folder.js';

const GIBIBYTE = 1024n ** 3n;

describe('ContentFolder', () => {
  it('has a folder for everybody where a volume is mounted, and a sparse file for a block device', async () => {
    const folder = await ContentFolder.open(join(temporaryFolder(), 'volumes'), 'vol', 'store', false);
    const [mount, block] = [newId('vol'), newId('vol')];
    await folder.create(mount, 'mount', GIBIBYTE);
    await folder.create(block, 'block', GIBIBYTE);
    expect((await stat(folder.pathOf(mount))).mode & 0o7777).toBe(0o777);
    expect(await stat(folder.pathOf(block), { bigint: true })).toMatchObject({ size: GIBIBYTE, blocks: 0n });
    expect((await stat(folder.path)).mode & 0o777).toBe(0o700);
    expect((await folder.ids()).sort()).toEqual([mount, block]);
    for (const id of [mount, block, block]) await folder.remove(id);
    expect(await folder.ids()).toEqual([]);
  });

  it('copies to what is at least as large, and freezes', async () => {
    const folder = await ContentFolder.open(join(temporaryFolder(), 'volumes'), 'vol', 'store', false);
    const [from, to] = [newId('vol'), newId('vol')];
    await folder.create(from, 'block', 4096n);
    await writeFile(folder.pathOf(from), 'data', { flag: 'r+' });
    await folder.copy(to, folder.pathOf(from), 'block', 8192n);
    const copy = await readFile(folder.pathOf(to));
    expect(copy).toHaveLength(8192);
    expect(copy.subarray(0, 5).toString()).toBe('data\0');
    const smaller = newId('vol');
    await folder.copy(smaller, folder.pathOf(to), 'block', 4096n);
    expect((await stat(folder.pathOf(smaller))).size).toBe(4096);
    await folder.freeze(to, 'block');
    expect((await stat(folder.pathOf(to))).mode & 0o777).toBe(0o400);
    await folder.resize(from, 1024n);
    expect((await stat(folder.pathOf(from))).size).toBe(4096);
  });

  it('leaves nothing of a copy that failed', async () => {
    const folder = await ContentFolder.open(join(temporaryFolder(), 'volumes'), 'vol', 'store', false);
    const from = newId('vol');
    await folder.create(from, 'mount', 0n);
    for (let index = 0; index < 5; index++) await writeFile(join(folder.pathOf(from), `${index}`), 'content');
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('enough'));
    const copied = folder.copy(newId('vol'), folder.pathOf(from), 'mount', 0n, {
      signal: controller.signal,
      onProgress,
    });
    await expect(copied).rejects.toThrow('enough');
    expect(await folder.ids()).toEqual([from]);
  });

  it('takes no name that leads elsewhere, and leaves alone what is not its own', async () => {
    const folder = await ContentFolder.open(join(temporaryFolder(), 'volumes'), 'vol', 'store', false);
    await mkdir(join(folder.path, 'lost+found'));
    expect(await folder.ids()).toEqual([]);
    for (const id of ['../volumes', '', 'lost+found', newId('snap')])
      expect(() => folder.pathOf(id)).toThrow(TypeError);
  });

  it('refuses a folder of another store, and one that is not the one it had', async () => {
    const path = join(temporaryFolder(), 'volumes');
    await ContentFolder.open(path, 'vol', 'store', false);
    await ContentFolder.open(path, 'vol', 'store', true);
    await expect(ContentFolder.open(path, 'vol', 'another', false)).rejects.toThrow('does not belong');
    // As a disk that is not mounted looks.
    await rm(path, { recursive: true });
    await expect(ContentFolder.open(path, 'vol', 'store', true)).rejects.toThrow('does not belong');
    await mkdir(join(path, newId('vol')));
    await expect(ContentFolder.open(path, 'vol', 'store', false)).rejects.toThrow('does not belong');
    expect(await readdir(path)).toHaveLength(1);
  });
});
