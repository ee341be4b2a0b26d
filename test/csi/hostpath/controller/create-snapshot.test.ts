import { readFile, stat, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Code } from '../../../../src/index.js';
import { block, MEBIBYTE, openHostPath } from '../open-host-path.js';

describe('createSnapshot', () => {
  it('copies the volume as it is, for reading only', async () => {
    const { createVolume, createSnapshot, getSnapshot, expand, hostPath } = await openHostPath();
    const { volumeId } = await createVolume({ name: 'data', volumeCapabilities: [block] });
    const path = hostPath.volumes.pathOf(volumeId);
    await writeFile(path, 'before', { flag: 'r+' });
    const snapshot = await createSnapshot({ name: 'snapshot', sourceVolumeId: volumeId });
    await writeFile(path, 'after!', { flag: 'r+' });
    await expand({ volumeId, capacityRange: { requiredBytes: 2n * MEBIBYTE } });
    const copy = hostPath.snapshots.pathOf(snapshot.snapshotId);
    expect((await readFile(copy)).subarray(0, 6).toString()).toBe('before');
    expect((await stat(copy)).mode & 0o222).toBe(0);
    expect(snapshot).toMatchObject({ sizeBytes: MEBIBYTE, readyToUse: true, sourceVolumeId: volumeId });
    const { seconds, nanos } = snapshot.creationTime!;
    expect(Math.abs(Number(seconds) * 1000 + nanos / 1e6 - Date.now())).toBeLessThan(60_000);
    expect((await getSnapshot({ snapshotId: snapshot.snapshotId })).snapshot).toEqual(snapshot);
  });

  it('finds the snapshot of that name, if it is of that volume', async () => {
    const { createVolume, createSnapshot, deleteVolume } = await openHostPath();
    const [a, b] = [await createVolume({ name: 'a' }), await createVolume({ name: 'b' })];
    const first = await createSnapshot({ name: 'snapshot', sourceVolumeId: a.volumeId });
    expect(await createSnapshot({ name: 'snapshot', sourceVolumeId: a.volumeId })).toEqual(first);
    const other = createSnapshot({ name: 'snapshot', sourceVolumeId: b.volumeId });
    await expect(other).rejects.toMatchObject({ code: Code.ALREADY_EXISTS });
    await deleteVolume({ volumeId: a.volumeId });
    expect(await createSnapshot({ name: 'snapshot', sourceVolumeId: a.volumeId })).toEqual(first);
  });

  it('needs the volume, room, and parameters that it knows', async () => {
    const { createVolume, createSnapshot, hostPath } = await openHostPath();
    const missing = createSnapshot({ name: 'snapshot', sourceVolumeId: 'none' });
    await expect(missing).rejects.toMatchObject({ code: Code.NOT_FOUND });
    const { volumeId } = await createVolume({ name: 'data', capacityRange: { requiredBytes: 60n * MEBIBYTE } });
    const full = createSnapshot({ name: 'snapshot', sourceVolumeId: volumeId });
    await expect(full).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
    const unknown = createSnapshot({ name: 'snapshot', sourceVolumeId: volumeId, parameters: { size: '1' } });
    await expect(unknown).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
    expect(await hostPath.snapshots.ids()).toEqual([]);
  });
});
