import type { CreateSnapshotRequest, Snapshot } from '../../../../gen/csi/v1/csi.js';
import { aborted, alreadyExists, notFound } from '../../csi-error.js';
import { describeSnapshot } from '../describe-snapshot.js';
import type { HostPath } from '../host-path.js';
import { newId } from '../new-id.js';
import { refuseUnknownKeys } from '../refuse-unknown-keys.js';
import type { SnapshotRecord } from '../snapshot-record.js';

/**
 * Makes the snapshot of that name, or finds it: a copy of what the volume has now. Writers are not stopped for it; those
 * that want their data whole sync it before, and write none meanwhile.
 */
export async function createSnapshot(
  hostPath: HostPath,
  { name, sourceVolumeId, parameters }: CreateSnapshotRequest,
): Promise<{ snapshot: Snapshot }> {
  const { store, volumes, snapshots, capacity } = hostPath;
  refuseUnknownKeys('parameters', parameters, []);
  const existing = store.snapshots.findBy('name', name);
  if (existing !== undefined) {
    if (existing.sourceVolumeId === sourceVolumeId) return { snapshot: describeSnapshot(existing) };
    throw alreadyExists('snapshot', name, `of the volume ${JSON.stringify(existing.sourceVolumeId)}`);
  }
  const volume = store.volumes.get(sourceVolumeId);
  if (volume === undefined) throw notFound('volume', sourceVolumeId);
  const { accessType, storageKind, capacityBytes: sizeBytes } = volume;
  const record: SnapshotRecord = {
    id: newId('snap'),
    name,
    sourceVolumeId,
    accessType,
    sizeBytes,
    storageKind,
    createdAtMs: Date.now(),
  };
  const release = capacity.reserve(storageKind, sizeBytes);
  try {
    await hostPath.sourceUses.during(sourceVolumeId, () => {
      const copy = hostPath.copyOptions(sourceVolumeId, record.id);
      return snapshots.copy(record.id, volumes.pathOf(sourceVolumeId), accessType, sizeBytes, copy);
    });
    await snapshots.freeze(record.id, accessType);
    await store.transaction(() => {
      // For callers that are not kept to one operation at a time for each name.
      if (store.snapshots.findBy('name', name) !== undefined) throw aborted('snapshot', name);
      store.snapshots.put(record);
      store.usedCapacity.add(storageKind, sizeBytes);
    });
  } catch (error) {
    await snapshots.remove(record.id);
    throw error;
  } finally {
    release();
  }
  return { snapshot: describeSnapshot(record) };
}
