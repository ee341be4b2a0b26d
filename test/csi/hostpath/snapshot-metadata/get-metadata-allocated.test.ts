import { open } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { BlockMetadataType } from '../../../../gen/csi/v1/csi.js';
import { Code } from '../../../../src/index.js';
import { openDescriptors } from '../../../socket/open-descriptors.js';
import { allOf } from '../all-of.js';
import { block, MEBIBYTE, openHostPath } from '../open-host-path.js';

const BLOCK = 4096;

/** A block volume, and a snapshot of it with a byte at each of these blocks. */
async function snapshotWith(blocks: readonly number[], capacityBytes = 16n * MEBIBYTE) {
  const calls = await openHostPath({ capacity: { standard: 1024n ** 4n } });
  const { volumeId } = await calls.createVolume({
    name: 'data',
    volumeCapabilities: [block],
    capacityRange: { requiredBytes: capacityBytes },
  });
  const file = await open(calls.hostPath.volumes.pathOf(volumeId), 'r+');
  for (const index of blocks) await file.write('x', index * BLOCK);
  await file.close();
  const { snapshotId } = await calls.createSnapshot({ name: 'snapshot', sourceVolumeId: volumeId });
  return { ...calls, volumeId, snapshotId };
}

/** Without the sockets of the test runner. */
const openFiles = (folder: string) => openDescriptors(folder).filter((entry) => entry.includes(folder));

const range = (index: number, count = 1) => ({ byteOffset: BigInt(index * BLOCK), sizeBytes: BigInt(count * BLOCK) });

describe('getMetadataAllocated', () => {
  it('tells where a snapshot has content, in ranges of any length', async () => {
    const { allocated, snapshotId } = await snapshotWith([0, 1, 2, 700, 4095]);
    expect(await allOf(allocated({ snapshotId }))).toEqual([
      {
        blockMetadataType: BlockMetadataType.VARIABLE_LENGTH,
        volumeCapacityBytes: 16n * MEBIBYTE,
        blockMetadata: [range(0, 3), range(700), range(4095)],
      },
    ]);
  });

  it('has as many ranges in a message as are wanted, and 256 at most', async () => {
    const { allocated, snapshotId } = await snapshotWith(Array.from({ length: 600 }, (_, index) => 2 * index));
    const sizesOf = async (maxResults: number) => {
      const pages = await allOf(allocated({ snapshotId, maxResults }));
      const all = pages.flatMap(({ blockMetadata }) => blockMetadata);
      expect(all).toEqual(Array.from({ length: 600 }, (_, index) => range(2 * index)));
      return pages.map(({ blockMetadata }) => blockMetadata.length);
    };
    expect(await sizesOf(0)).toEqual([256, 256, 88]);
    expect(await sizesOf(10_000)).toEqual([256, 256, 88]);
    expect(await sizesOf(200)).toEqual([200, 200, 200]);
  });

  it('goes on where it was interrupted', async () => {
    const { allocated, snapshotId } = await snapshotWith([1, 5, 9]);
    const from = async (startingOffset: bigint) =>
      (await allOf(allocated({ snapshotId, startingOffset }))).flatMap((page) => page.blockMetadata);
    expect(await from(BigInt(2 * BLOCK))).toEqual([range(5), range(9)]);
    expect(await from(BigInt(6 * BLOCK - 1))).toEqual([range(5), range(9)]);
    expect(await from(BigInt(10 * BLOCK))).toEqual([]);
    expect(await from(16n * MEBIBYTE)).toEqual([]);
  });

  it('refuses what is no snapshot, has no blocks, or not so many', async () => {
    const { allocated, snapshotId, createVolume, createSnapshot } = await snapshotWith([0]);
    const codeOf = (fields: object) =>
      allOf(allocated(fields)).then(
        () => Code.OK,
        ({ code }) => code,
      );
    expect(await codeOf({ snapshotId: 'none' })).toBe(Code.NOT_FOUND);
    expect(await codeOf({ snapshotId, startingOffset: 16n * MEBIBYTE + 1n })).toBe(Code.OUT_OF_RANGE);
    const { volumeId: sourceVolumeId } = await createVolume({ name: 'folder' });
    const { snapshotId: folder } = await createSnapshot({ name: 'of a folder', sourceVolumeId });
    expect(await codeOf({ snapshotId: folder })).toBe(Code.INVALID_ARGUMENT);
  });

  it('holds no more for 100 GiB', async () => {
    const GIBIBYTES = 100;
    const blocks = Array.from(
      { length: 1_000 },
      (_, index) => index * Math.floor((GIBIBYTES * 1024 ** 3) / BLOCK / 1_000),
    );
    const { allocated, snapshotId } = await snapshotWith(blocks, BigInt(GIBIBYTES) * 1024n ** 3n);
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    let count = 0;
    for await (const { blockMetadata } of allocated({ snapshotId, maxResults: 10 })) {
      count += blockMetadata.length;
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    expect(count).toBe(1_000);
    expect(most).toBeLessThan(16 * 1024 ** 2);
  });

  it('reads on when the snapshot is deleted, and lets go of it when nobody listens any more', async () => {
    const { allocated, deleteSnapshot, snapshotId, hostPath } = await snapshotWith([0, 2, 4]);
    const pages = allocated({ snapshotId, maxResults: 1 });
    expect((await pages.next()).value?.blockMetadata).toEqual([range(0)]);
    await deleteSnapshot({ snapshotId });
    expect(await hostPath.snapshots.ids()).toEqual([]);
    expect((await pages.next()).value?.blockMetadata).toEqual([range(2)]);
    expect(openFiles(hostPath.snapshots.path)).toHaveLength(1);
    await pages.return();
    expect(openFiles(hostPath.snapshots.path)).toEqual([]);
  });

  it('ends when its caller is gone', async () => {
    const { allocated, snapshotId, hostPath } = await snapshotWith([0, 2, 4]);
    const pages = allocated({ snapshotId }, AbortSignal.abort(new Error('cancelled')));
    await expect(pages.next()).rejects.toThrow('cancelled');
    expect(openFiles(hostPath.snapshots.path)).toEqual([]);
  });
});
