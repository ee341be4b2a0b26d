import { aborted } from '../csi-error.js';
import type { HostPath } from './host-path.js';
import { newId } from './new-id.js';
import type { SnapshotRecord } from './snapshot-record.js';
import type { VolumeRecord } from './volume-record.js';

/** A copy of a volume that has no record yet, and its share of the capacity. */
export interface FrozenVolume {
  readonly record: SnapshotRecord;
  /** Writes the record down. In a transaction. @throws RpcError ABORTED when another has got the name meanwhile. */
  commit(): void;
  /** Gives the share back, in the end: after a commit the record holds it. */
  release(): void;
  /** Removes the copy, when there was no commit. */
  discard(): Promise<void>;
}

/**
 * Copies what a volume has now. Writers are not stopped for it; those that want their data whole sync it before, and write
 * none meanwhile.
 *
 * Rejects with RESOURCE_EXHAUSTED when there is no room for it. Nothing is left then, nor when the copy fails.
 */
export async function freezeVolume(
  hostPath: HostPath,
  { id: sourceVolumeId, accessType, storageKind, capacityBytes: sizeBytes }: VolumeRecord,
  fields: Pick<SnapshotRecord, 'name' | 'groupId'>,
): Promise<FrozenVolume> {
  const { store, volumes, snapshots, capacity } = hostPath;
  const id = newId('snap');
  const createdAtMs = Date.now();
  const record: SnapshotRecord = { id, ...fields, sourceVolumeId, accessType, sizeBytes, storageKind, createdAtMs };
  const release = capacity.reserve(storageKind, sizeBytes);
  try {
    await hostPath.sourceUses.during('volume', sourceVolumeId, () => {
      const copy = hostPath.copyOptions(sourceVolumeId, id);
      return snapshots.copy(id, volumes.pathOf(sourceVolumeId), accessType, sizeBytes, copy);
    });
    await snapshots.freeze(id, accessType);
  } catch (error) {
    release();
    await snapshots.remove(id);
    throw error;
  }
  return {
    record,
    commit() {
      // For callers that are not kept to one operation at a time for each name.
      if (store.snapshots.findBy('name', record.name) !== undefined) throw aborted('snapshot', record.name);
      store.snapshots.put(record);
      store.usedCapacity.add(storageKind, sizeBytes);
    },
    release,
    discard: () => snapshots.remove(id),
  };
}
