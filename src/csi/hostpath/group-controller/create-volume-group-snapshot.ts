import type { CreateVolumeGroupSnapshotRequest, VolumeGroupSnapshot } from '../../../../gen/csi/v1/csi.js';
import { aborted, alreadyExists, invalidArgument, notFound } from '../../csi-error.js';
import { describeGroupSnapshot } from '../describe-group-snapshot.js';
import { type FrozenVolume, freezeVolume } from '../freeze-volume.js';
import { groupMembers } from '../group-members.js';
import type { GroupSnapshotRecord } from '../group-snapshot-record.js';
import type { HostPath } from '../host-path.js';
import { newId } from '../new-id.js';
import { refuseUnknownKeys } from '../refuse-unknown-keys.js';

/**
 * Makes a snapshot of each volume, or finds the group of that name: all are there, or none. Volumes are copied one after
 * the other, so that they are of the same moment only if nobody writes to them.
 */
export async function createVolumeGroupSnapshot(
  hostPath: HostPath,
  { name, sourceVolumeIds, parameters }: CreateVolumeGroupSnapshotRequest,
): Promise<{ groupSnapshot: VolumeGroupSnapshot }> {
  const { store } = hostPath;
  refuseUnknownKeys('parameters', parameters, []);
  if (new Set(sourceVolumeIds).size < sourceVolumeIds.length) {
    throw invalidArgument('source_volume_ids', 'a volume is named twice');
  }
  const existing = store.groupSnapshots.findBy('name', name);
  if (existing !== undefined) {
    const same = [...existing.sourceVolumeIds].sort().join() === [...sourceVolumeIds].sort().join();
    if (!same) throw alreadyExists('group snapshot', name, 'of other volumes');
    return { groupSnapshot: describeGroupSnapshot(existing, groupMembers(store, existing.id, []), hostPath) };
  }
  const volumes = sourceVolumeIds.map((id) => {
    const volume = store.volumes.get(id);
    if (volume === undefined) throw notFound('volume', id);
    return volume;
  });
  const group: GroupSnapshotRecord = { id: newId('group'), name, sourceVolumeIds, createdAtMs: Date.now() };
  const frozen: FrozenVolume[] = [];
  try {
    for (const volume of volumes) {
      frozen.push(await freezeVolume(hostPath, volume, { name: `${group.id} ${volume.id}`, groupId: group.id }));
    }
    await store.transaction(() => {
      if (store.groupSnapshots.findBy('name', name) !== undefined) throw aborted('group snapshot', name);
      store.groupSnapshots.put(group);
      for (const member of frozen) member.commit();
    });
  } catch (error) {
    for (const member of frozen) await member.discard();
    throw error;
  } finally {
    for (const member of frozen) member.release();
  }
  const members = frozen.map(({ record }) => record);
  return { groupSnapshot: describeGroupSnapshot(group, members, hostPath) };
}
