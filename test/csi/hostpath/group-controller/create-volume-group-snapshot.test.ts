import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  CreateVolumeGroupSnapshotRequest,
  DeleteVolumeGroupSnapshotRequest,
  GetVolumeGroupSnapshotRequest,
} from '../../../../gen/csi/v1/csi.js';
import { createVolumeGroupSnapshot } from '../../../../src/csi/hostpath/group-controller/create-volume-group-snapshot.js';
import { deleteVolumeGroupSnapshot } from '../../../../src/csi/hostpath/group-controller/delete-volume-group-snapshot.js';
import { getVolumeGroupSnapshot } from '../../../../src/csi/hostpath/group-controller/get-volume-group-snapshot.js';
import { Code } from '../../../../src/index.js';
import { from, MEBIBYTE, openHostPath } from '../open-host-path.js';

/** Two volumes, and the calls of groups. */
async function twoVolumes() {
  const calls = await openHostPath();
  const ids: string[] = [];
  for (const name of ['a', 'b']) {
    const { volumeId } = await calls.createVolume({ name });
    await writeFile(join(calls.hostPath.volumes.pathOf(volumeId), 'file'), name);
    ids.push(volumeId);
  }
  const { hostPath } = calls;
  return {
    ...calls,
    ids,
    create: async (name: string, sourceVolumeIds: string[]) => {
      const request = CreateVolumeGroupSnapshotRequest.fromPartial({ name, sourceVolumeIds });
      return (await createVolumeGroupSnapshot(hostPath, request)).groupSnapshot;
    },
    remove: (groupSnapshotId: string, snapshotIds: string[] = []) =>
      deleteVolumeGroupSnapshot(
        hostPath,
        DeleteVolumeGroupSnapshotRequest.fromPartial({ groupSnapshotId, snapshotIds }),
      ),
    get: (groupSnapshotId: string, snapshotIds: string[] = []) =>
      getVolumeGroupSnapshot(hostPath, GetVolumeGroupSnapshotRequest.fromPartial({ groupSnapshotId, snapshotIds })),
  };
}

describe('createVolumeGroupSnapshot', () => {
  it('makes a snapshot of each volume, and finds the group again', async () => {
    const { ids, create, get, listSnapshots, createVolume, hostPath } = await twoVolumes();
    const group = await create('group', ids);
    expect(group.snapshots.map(({ sourceVolumeId }) => sourceVolumeId)).toEqual(ids);
    expect(new Set(group.snapshots.map(({ groupSnapshotId }) => groupSnapshotId))).toEqual(
      new Set([group.groupSnapshotId]),
    );
    expect(await create('group', ids.toReversed())).toEqual(group);
    expect((await get(group.groupSnapshotId)).groupSnapshot).toEqual(group);
    expect((await listSnapshots({})).entries).toHaveLength(2);
    expect(hostPath.capacity.availableOf('standard')).toBe(96n * MEBIBYTE);
    const { volumeId } = await createVolume({ name: 'c', ...from('snapshot', group.snapshots[1].snapshotId) });
    expect(await readFile(join(hostPath.volumes.pathOf(volumeId), 'file'), 'utf8')).toBe('b');
    await expect(create('group', ids.slice(0, 1))).rejects.toMatchObject({ code: Code.ALREADY_EXISTS });
  });

  it('makes all or none', async () => {
    const { ids, create, createVolume, hostPath } = await twoVolumes();
    await expect(create('group', [ids[0], 'none'])).rejects.toMatchObject({ code: Code.NOT_FOUND });
    await expect(create('group', [ids[0], ids[0]])).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
    const large = await createVolume({ name: 'large', capacityRange: { requiredBytes: 60n * MEBIBYTE } });
    const full = create('group', [ids[0], large.volumeId]);
    await expect(full).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
    expect(await hostPath.snapshots.ids()).toEqual([]);
    expect(hostPath.capacity.availableOf('standard')).toBe(38n * MEBIBYTE);
  });
});

describe('deleteVolumeGroupSnapshot', () => {
  it('deletes the group with its snapshots, and may be repeated', async () => {
    const { ids, create, remove, get, hostPath } = await twoVolumes();
    const { groupSnapshotId, snapshots } = await create('group', ids);
    const members = snapshots.map(({ snapshotId }) => snapshotId);
    for (const wrong of [members.slice(1), [members[0], members[0]], [...members, 'another']]) {
      await expect(remove(groupSnapshotId, wrong)).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
      await expect(get(groupSnapshotId, wrong)).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
    }
    for (let times = 0; times < 2; times++) expect(await remove(groupSnapshotId, members)).toEqual({});
    expect(await remove('none')).toEqual({});
    await expect(get(groupSnapshotId)).rejects.toMatchObject({ code: Code.NOT_FOUND });
    expect(await hostPath.snapshots.ids()).toEqual([]);
    expect(hostPath.capacity.availableOf('standard')).toBe(98n * MEBIBYTE);
  });

  it('touches neither the members of others nor what is being copied', async () => {
    const { ids, create, remove, createSnapshot, hostPath } = await twoVolumes();
    const single = await createSnapshot({ name: 'single', sourceVolumeId: ids[0] });
    const { groupSnapshotId, snapshots } = await create('group', ids);
    await remove('none', [single.snapshotId]);
    await hostPath.sourceUses.during('snapshot', snapshots[1].snapshotId, async () => {
      await expect(remove(groupSnapshotId)).rejects.toMatchObject({ code: Code.ABORTED });
    });
    expect(await hostPath.snapshots.ids()).toHaveLength(3);
    await remove(groupSnapshotId);
    expect(await hostPath.snapshots.ids()).toEqual([single.snapshotId]);
  });
});
