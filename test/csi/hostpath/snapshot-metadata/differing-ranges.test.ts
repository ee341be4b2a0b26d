import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ByteRange } from '../../../../src/csi/hostpath/byte-range.js';
import { differingRanges } from '../../../../src/csi/hostpath/snapshot-metadata/differing-ranges.js';
import { allOf } from '../all-of.js';
import { temporaryFolder } from '../temporary-folder.js';

const BLOCK = 4096;
const GIBIBYTE = 1024 ** 3;
const systems = vi.hoisted(() => ({ hasLibc: true }));
// koffi loads wherever these tests run: where it does not is stood in for.
vi.mock('../../../../src/socket/has-libc.js', () => ({ hasLibc: () => systems.hasLibc }));

async function fileOf(size: number, writes: readonly { readonly at: number; readonly byte: number }[] = []) {
  const file = await open(join(temporaryFolder(), 'file'), 'w+');
  onTestFinished(() => file.close());
  await file.truncate(size);
  for (const { at, byte } of writes) await file.write(Buffer.of(byte), 0, 1, at);
  return file;
}

function rangesOf(
  target: FileHandle,
  base: FileHandle | undefined,
  bounds: { readonly start?: number; readonly end: number; readonly signal?: AbortSignal },
): Promise<ByteRange[]> {
  const { start = 0, end, signal = new AbortController().signal } = bounds;
  return allOf(differingRanges(target, base, { start, end, signal }));
}

describe('differingRanges', () => {
  afterEach(() => {
    systems.hasLibc = true;
  });

  it.each([true, false])('finds what an oracle finds (holes known: %s)', async (hasLibc) => {
    systems.hasLibc = hasLibc;
    const SIZE = 600 * BLOCK + 512;
    const writes = fc.array(fc.record({ at: fc.nat(SIZE - 1), byte: fc.constantFrom(0, 1, 2) }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(writes, writes, fc.boolean(), fc.nat(SIZE), async (one, other, isDelta, start) => {
        const target = await fileOf(SIZE, one);
        const base = isDelta
          ? await fileOf(
              SIZE - 5 * BLOCK,
              other.filter(({ at }) => at < SIZE - 5 * BLOCK),
            )
          : undefined;
        const now = new Map(one.map(({ at, byte }) => [at, byte]));
        const before = new Map(base === undefined ? [] : other.map(({ at, byte }) => [at, byte]));
        for (const at of before.keys()) if (at >= SIZE - 5 * BLOCK) before.delete(at);
        const blocks = new Set<number>();
        for (const at of [...now.keys(), ...before.keys()]) {
          if ((now.get(at) ?? 0) !== (before.get(at) ?? 0)) blocks.add(Math.floor(at / BLOCK));
        }
        const endOf = (block: number) => Math.min((block + 1) * BLOCK, SIZE);
        const expected: number[] = [...blocks].filter((block) => endOf(block) > start).sort((a, b) => a - b);
        const found = await rangesOf(target, base, { start, end: SIZE });
        const listed = found.flatMap((range) => {
          expect(range.start % BLOCK).toBe(0);
          expect(range.end % BLOCK === 0 || range.end === SIZE).toBe(true);
          const count = Math.ceil((range.end - range.start) / BLOCK);
          return Array.from({ length: count }, (_, index) => range.start / BLOCK + index);
        });
        expect(listed).toEqual(expected);
        // Neighbours are one range.
        for (let index = 1; index < found.length; index++) {
          expect(found[index].start).toBeGreaterThan(found[index - 1].end);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('reads no hole, however large, and holds no more for it', async () => {
    const size = 100 * GIBIBYTE;
    const target = await fileOf(
      size,
      [0, 50 * GIBIBYTE, size - 1].map((at) => ({ at, byte: 1 })),
    );
    const base = await fileOf(size, [{ at: 0, byte: 1 }]);
    const reads = vi.spyOn(target, 'read');
    expect(await rangesOf(target, base, { end: size })).toEqual([
      { start: 50 * GIBIBYTE, end: 50 * GIBIBYTE + BLOCK },
      { start: size - BLOCK, end: size },
    ]);
    expect(reads.mock.calls.length).toBeLessThan(10);
  });

  it('joins what was written in one go over many pieces', async () => {
    const target = await fileOf(8 * BLOCK);
    const length = 3 * 1024 ** 2;
    await target.write(Buffer.alloc(length, 1), 0, length, 2 * BLOCK);
    expect(await rangesOf(target, undefined, { end: length + 5 * BLOCK })).toEqual([
      { start: 2 * BLOCK, end: 2 * BLOCK + length },
    ]);
  });

  it('has nothing from the end on, also where the last block is a part of one', async () => {
    const target = await fileOf(BLOCK + 512, [{ at: BLOCK + 511, byte: 1 }]);
    expect(await rangesOf(target, undefined, { start: BLOCK + 511, end: BLOCK + 512 })).toHaveLength(1);
    expect(await rangesOf(target, undefined, { start: BLOCK + 512, end: BLOCK + 512 })).toEqual([]);
  });

  it('stops when it is told to', async () => {
    const target = await fileOf(BLOCK, [{ at: 0, byte: 1 }]);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(rangesOf(target, undefined, { end: BLOCK, signal })).rejects.toThrow('enough');
  });
});
