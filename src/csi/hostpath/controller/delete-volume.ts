import type { DeleteVolumeRequest } from '../../../../gen/csi/v1/csi.js';
import { failedPrecondition } from '../../csi-error.js';
import type { HostPath } from '../host-path.js';
import { isId } from '../is-id.js';
import { publishedNodeIds } from '../published-node-ids.js';

/** Deletes a volume; one that is not there is deleted. Snapshots and clones of it are copies, and stay. */
export async function deleteVolume(hostPath: HostPath, { volumeId }: DeleteVolumeRequest): Promise<object> {
  const { store, volumes } = hostPath;
  // What is no id of this plugin was never there.
  if (!isId('vol', volumeId)) return {};
  // Nor was the content of an ephemeral volume, which its CO knows by another id.
  if (store.ephemeralVolumes.get(volumeId) !== undefined) return {};
  await store.transaction(() => {
    const record = store.volumes.get(volumeId);
    if (record === undefined) return;
    hostPath.sourceUses.refuseDeletion('volume', volumeId);
    const nodes = publishedNodeIds(store, volumeId);
    if (nodes.length > 0) throw failedPrecondition(`the volume is published on ${nodes.join(', ')}`);
    const [target] = store.targets.pageBy('volume', volumeId, { limit: 1 });
    if (target !== undefined) throw failedPrecondition(`the volume is ${target.use} at ${target.path}`);
    store.volumes.delete(volumeId);
    store.usedCapacity.add(record.storageKind, -record.capacityBytes);
  });
  // Also without a record: an earlier attempt may have failed here.
  await volumes.remove(volumeId);
  return {};
}
