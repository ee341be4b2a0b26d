import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readFully } from '../../../src/csi/hostpath/read-fully.js';
import { temporaryFolder } from './temporary-folder.js';

describe('readFully', () => {
  it('has zeros for what lies behind the end', async () => {
    const file = await open(join(temporaryFolder(), 'file'), 'w+');
    onTestFinished(() => file.close());
    await file.write('0123456789');
    const buffer = Buffer.alloc(4, 'x');
    expect([await readFully(file, buffer, 3), buffer.toString()]).toEqual([4, '3456']);
    expect([await readFully(file, buffer, 8), buffer.toString()]).toEqual([2, '89\0\0']);
    expect([await readFully(file, buffer, 100), buffer.toString()]).toEqual([0, '\0\0\0\0']);
  });
});
