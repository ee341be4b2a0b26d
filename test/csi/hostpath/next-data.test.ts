import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { nextData } from '../../../src/csi/hostpath/next-data.js';
import { temporaryFolder } from './temporary-folder.js';

const MEBIBYTE = 1024 ** 2;
const systems = vi.hoisted(() => ({ hasLibc: true }));
// koffi loads wherever these tests run: where it does not is stood in for.
vi.mock('../../../src/socket/has-libc.js', () => ({ hasLibc: () => systems.hasLibc }));

/** 4 MiB with a mebibyte of data behind the first, and 5 bytes before the end. */
async function sparseFile(): Promise<number> {
  const file = await open(join(temporaryFolder(), 'file'), 'w+');
  onTestFinished(() => file.close());
  await file.write(Buffer.alloc(MEBIBYTE, 1), 0, MEBIBYTE, MEBIBYTE);
  await file.write('bytes', 4 * MEBIBYTE - 5);
  return file.fd;
}

describe('nextData', () => {
  afterEach(() => {
    systems.hasLibc = true;
  });

  it('finds what is no hole', async () => {
    const fd = await sparseFile();
    const first = { start: MEBIBYTE, end: 2 * MEBIBYTE };
    expect(nextData(fd, 0, 4 * MEBIBYTE)).toEqual(first);
    expect(nextData(fd, first.start + 7, 4 * MEBIBYTE)).toEqual({ ...first, start: first.start + 7 });
    const last = nextData(fd, first.end, 4 * MEBIBYTE)!;
    expect(last.start).toBeGreaterThan(3 * MEBIBYTE);
    expect(last.end).toBe(4 * MEBIBYTE);
    expect(nextData(fd, last.end, 9 * MEBIBYTE)).toBeUndefined();
  });

  it('finds nothing at or behind the end that it is given', async () => {
    const fd = await sparseFile();
    expect(nextData(fd, 0, MEBIBYTE)).toBeUndefined();
    expect(nextData(fd, 0, MEBIBYTE + 1)).toEqual({ start: MEBIBYTE, end: MEBIBYTE + 1 });
    expect(nextData(fd, 5, 5)).toBeUndefined();
  });

  it('takes small holes for data', async () => {
    const file = await open(join(temporaryFolder(), 'file'), 'w+');
    onTestFinished(() => file.close());
    const BLOCK = 4096;
    await file.truncate(4 * MEBIBYTE);
    for (const block of [4, 6, 20, 37, 100]) await file.write('x', block * BLOCK);
    expect(nextData(file.fd, 0, 4 * MEBIBYTE)).toEqual({ start: 4 * BLOCK, end: 38 * BLOCK });
    expect(nextData(file.fd, 0, 21 * BLOCK)).toEqual({ start: 4 * BLOCK, end: 21 * BLOCK });
    expect(nextData(file.fd, 38 * BLOCK, 4 * MEBIBYTE)).toEqual({ start: 100 * BLOCK, end: 101 * BLOCK });
  });

  it('takes everything for data where holes cannot be asked for', async () => {
    systems.hasLibc = false;
    const fd = await sparseFile();
    expect(nextData(fd, 3, 4 * MEBIBYTE)).toEqual({ start: 3, end: 4 * MEBIBYTE });
    expect(nextData(fd, 4 * MEBIBYTE, 4 * MEBIBYTE)).toBeUndefined();
  });
});
