import { mkdirSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStateFolder } from '../../../src/csi/store/open-state-folder.js';
import { temporaryFolder } from '../hostpath/temporary-folder.js';

describe('openStateFolder', () => {
  it('makes what is missing, for this user alone', async () => {
    const path = join(temporaryFolder(), 'a', 'b');
    expect(await openStateFolder(path)).toBe(realpathSync(path));
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('takes a folder that is there, and follows links', async () => {
    const folder = realpathSync(temporaryFolder());
    mkdirSync(join(folder, 'state'));
    symlinkSync('state', join(folder, 'link'));
    expect(await openStateFolder(join(folder, 'link'))).toBe(join(folder, 'state'));
  });

  it('says what is wrong with the path', async () => {
    const file = join(temporaryFolder(), 'notes.txt');
    writeFileSync(file, '');
    await expect(openStateFolder(file)).rejects.toThrow(
      `the state folder ${file} cannot be made: that is a file; name a folder (EEXIST)`,
    );
    await expect(openStateFolder(join(file, 'state'))).rejects.toThrow(
      'a part of the path is a file; correct it (ENOTDIR)',
    );
  });
});
