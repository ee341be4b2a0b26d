import type { DeleteVolumeGroupSnapshotRequest } from '../../../../gen/csi/v1/csi.js';
import { groupMembers } from '../group-members.js';
import type { HostPath } from '../host-path.js';
import { isId } from '../is-id.js';

/** Deletes a group with all its snapshots; one that is not there is deleted. */
export async function deleteVolumeGroupSnapshot(
  hostPath: HostPath,
  { groupSnapshotId, snapshotIds }: DeleteVolumeGroupSnapshotRequest,
): Promise<object> {
  const { store, snapshots } = hostPath;
  const removed = await store.transaction(() => {
    if (store.groupSnapshots.get(groupSnapshotId) === undefined) return [];
    const members = groupMembers(store, groupSnapshotId, snapshotIds);
    for (const { id } of members) hostPath.sourceUses.refuseDeletion('snapshot', id);
    for (const { id, storageKind, sizeBytes } of members) {
      store.snapshots.delete(id);
      store.usedCapacity.add(storageKind, -sizeBytes);
    }
    store.groupSnapshots.delete(groupSnapshotId);
    return members.map(({ id }) => id);
  });
  // Also what the CO names and nobody knows any more: an earlier attempt may have failed here.
  const left = snapshotIds.filter((id) => isId('snap', id) && store.snapshots.get(id) === undefined);
  for (const id of new Set([...removed, ...left])) await snapshots.remove(id);
  return {};
}
