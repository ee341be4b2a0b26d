import type { DeleteSnapshotRequest } from '../../../../gen/csi/v1/csi.js';
import { invalidArgument } from '../../csi-error.js';
import type { HostPath } from '../host-path.js';
import { isId } from '../is-id.js';

/** Deletes a snapshot; one that is not there is deleted. Volumes made from it are copies, and stay. */
export async function deleteSnapshot(hostPath: HostPath, { snapshotId }: DeleteSnapshotRequest): Promise<object> {
  const { store, snapshots } = hostPath;
  if (!isId('snap', snapshotId)) return {};
  await store.transaction(() => {
    const record = store.snapshots.get(snapshotId);
    if (record === undefined) return;
    hostPath.sourceUses.refuseDeletion('snapshot', snapshotId);
    if (record.groupId !== undefined) {
      throw invalidArgument('snapshot_id', `it belongs to the group ${record.groupId} and is deleted with it`);
    }
    store.snapshots.delete(snapshotId);
    store.usedCapacity.add(record.storageKind, -record.sizeBytes);
  });
  await snapshots.remove(snapshotId);
  return {};
}
