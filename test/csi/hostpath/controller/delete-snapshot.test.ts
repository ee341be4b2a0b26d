import { describe, expect, it } from 'vitest';
import { newId } from '../../../../src/csi/hostpath/new-id.js';
import { Code } from '../../../../src/index.js';
import { MEBIBYTE, openHostPath } from '../open-host-path.js';

describe('deleteSnapshot', () => {
  it('removes record, content and what it took, and may be repeated', async () => {
    const { createVolume, createSnapshot, deleteSnapshot, getSnapshot, hostPath } = await openHostPath();
    const { volumeId } = await createVolume({ name: 'data' });
    const { snapshotId } = await createSnapshot({ name: 'snapshot', sourceVolumeId: volumeId });
    expect(hostPath.capacity.availableOf('standard')).toBe(98n * MEBIBYTE);
    for (const id of [snapshotId, snapshotId, 'none', '../volumes', newId('snap')]) {
      expect(await deleteSnapshot({ snapshotId: id })).toEqual({});
    }
    await expect(getSnapshot({ snapshotId })).rejects.toMatchObject({ code: Code.NOT_FOUND });
    expect(await hostPath.snapshots.ids()).toEqual([]);
    expect(await hostPath.volumes.ids()).toEqual([volumeId]);
    expect(hostPath.capacity.availableOf('standard')).toBe(99n * MEBIBYTE);
  });

  it('is refused while it is being copied, and for a member of a group', async () => {
    const { createVolume, createSnapshot, deleteSnapshot, hostPath } = await openHostPath();
    const { volumeId } = await createVolume({ name: 'data' });
    const { snapshotId } = await createSnapshot({ name: 'snapshot', sourceVolumeId: volumeId });
    await hostPath.sourceUses.during('snapshot', snapshotId, async () => {
      await expect(deleteSnapshot({ snapshotId })).rejects.toMatchObject({ code: Code.ABORTED });
    });
    const { store } = hostPath;
    const record = store.snapshots.get(snapshotId)!;
    await store.transaction(() => store.snapshots.put({ ...record, groupId: newId('group') }));
    await expect(deleteSnapshot({ snapshotId })).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
    expect(await hostPath.snapshots.ids()).toEqual([snapshotId]);
  });
});
