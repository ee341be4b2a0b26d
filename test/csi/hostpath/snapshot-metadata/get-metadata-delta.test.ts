import { open } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Code } from '../../../../src/index.js';
import { allOf } from '../all-of.js';
import { block, MEBIBYTE, openHostPath } from '../open-host-path.js';

const BLOCK = 4096;

const range = (index: number, count = 1) => ({ byteOffset: BigInt(index * BLOCK), sizeBytes: BigInt(count * BLOCK) });

async function volumeOfBlocks() {
  const calls = await openHostPath();
  const make = async (name: string) => (await calls.createVolume({ name, volumeCapabilities: [block] })).volumeId;
  const write = async (volumeId: string, index: number, text: string | Buffer) => {
    const file = await open(calls.hostPath.volumes.pathOf(volumeId), 'r+');
    await file.write(Buffer.from(text), 0, undefined, index * BLOCK);
    await file.close();
  };
  const snapshot = async (name: string, sourceVolumeId: string) =>
    (await calls.createSnapshot({ name, sourceVolumeId })).snapshotId;
  return { ...calls, make, write, snapshot };
}

describe('getMetadataDelta', () => {
  it('tells what was written, overwritten and emptied between two snapshots', async () => {
    const { make, write, snapshot, delta, expand } = await volumeOfBlocks();
    const volumeId = await make('data');
    for (const index of [0, 10, 20, 30]) await write(volumeId, index, 'before');
    const baseSnapshotId = await snapshot('base', volumeId);
    await write(volumeId, 10, 'after!');
    await write(volumeId, 11, 'after!');
    await write(volumeId, 20, Buffer.alloc(BLOCK));
    await write(volumeId, 30, 'before');
    await expand({ volumeId, capacityRange: { requiredBytes: 2n * MEBIBYTE } });
    await write(volumeId, 300, 'in what it has grown by');
    const targetSnapshotId = await snapshot('target', volumeId);
    const pages = await allOf(delta({ baseSnapshotId, targetSnapshotId, maxResults: 2 }));
    expect(pages.map(({ blockMetadata }) => blockMetadata)).toEqual([[range(10, 2), range(20)], [range(300)]]);
    expect(pages.map((page) => page.volumeCapacityBytes)).toEqual([2n * MEBIBYTE, 2n * MEBIBYTE]);
    const rest = await allOf(delta({ baseSnapshotId, targetSnapshotId, startingOffset: BigInt(12 * BLOCK) }));
    expect(rest.flatMap(({ blockMetadata }) => blockMetadata)).toEqual([range(20), range(300)]);
    expect(await allOf(delta({ baseSnapshotId, targetSnapshotId: baseSnapshotId }))).toEqual([]);
  });

  it('refuses what it cannot compare', async () => {
    const { make, snapshot, delta } = await volumeOfBlocks();
    const [one, other] = [await make('one'), await make('other')];
    const first = await snapshot('first', one);
    await new Promise((resolve) => setTimeout(resolve, 2));
    const second = await snapshot('second', one);
    const elsewhere = await snapshot('elsewhere', other);
    const codeOf = (baseSnapshotId: string, targetSnapshotId: string, startingOffset = 0n) =>
      allOf(delta({ baseSnapshotId, targetSnapshotId, startingOffset })).then(
        () => Code.OK,
        ({ code }) => code,
      );
    expect(await codeOf(first, second)).toBe(Code.OK);
    expect(await codeOf('none', second)).toBe(Code.NOT_FOUND);
    expect(await codeOf(first, 'none')).toBe(Code.NOT_FOUND);
    expect(await codeOf(first, elsewhere)).toBe(Code.INVALID_ARGUMENT);
    expect(await codeOf(second, first)).toBe(Code.INVALID_ARGUMENT);
    expect(await codeOf(first, second, MEBIBYTE + 1n)).toBe(Code.OUT_OF_RANGE);
  });
});
