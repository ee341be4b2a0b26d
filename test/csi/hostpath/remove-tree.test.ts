import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { removeTree } from '../../../src/csi/hostpath/remove-tree.js';
import { temporaryFolder } from './temporary-folder.js';

describe('removeTree', () => {
  it('removes what is read-only, a file, and nothing', async () => {
    const folder = temporaryFolder();
    await mkdir(join(folder, 'tree/inner'), { recursive: true });
    await writeFile(join(folder, 'tree/inner/file'), '');
    await chmod(join(folder, 'tree/inner'), 0o500);
    await chmod(join(folder, 'tree'), 0o500);
    await writeFile(join(folder, 'file'), '');
    for (const name of ['tree', 'file', 'nothing']) await removeTree(join(folder, name));
    expect(await readdir(folder)).toEqual([]);
  });
});
