import { describe, expect, it } from 'vitest';
import { loadLmdb } from '../../../src/csi/store/load-lmdb.js';

describe('loadLmdb', () => {
  it('loads the package', async () => {
    expect((await loadLmdb()).open).toBeTypeOf('function');
  });

  it('names what to install where it is missing', async () => {
    const cause = new Error("Cannot find package 'lmdb'");
    const missing = loadLmdb(() => Promise.reject(cause));
    await expect(missing).rejects.toMatchObject({ message: expect.stringContaining('npm install lmdb'), cause });
  });
});
