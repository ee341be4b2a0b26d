import type { ControllerExpandVolumeRequest } from '../../../../gen/csi/v1/csi.js';
import { invalidArgument, notFound, outOfRange } from '../../csi-error.js';
import { acceptedCapacity } from '../accepted-capacity.js';
import type { HostPath } from '../host-path.js';

/**
 * Lets a volume grow, also while it is in use. One that is large enough stays as it is. A loop device learns of its new
 * size on the node; a folder has nothing to learn.
 */
export async function controllerExpandVolume(
  { store, volumes, capacity }: HostPath,
  { volumeId, capacityRange, volumeCapability }: ControllerExpandVolumeRequest,
): Promise<{ capacityBytes: bigint; nodeExpansionRequired: boolean }> {
  const before = store.volumes.get(volumeId);
  if (before === undefined) throw notFound('volume', volumeId);
  const { accessType, storageKind, capacityBytes: had } = before;
  if (volumeCapability?.accessType !== undefined && volumeCapability.accessType.$case !== accessType) {
    throw invalidArgument('volume_capability', `the volume has the access type ${accessType}`);
  }
  const nodeExpansionRequired = accessType === 'block';
  // It never shrinks: what it has is the least, and too much for a lower limit.
  const capacityBytes = acceptedCapacity(capacityRange, accessType, had);
  if (capacityBytes === had) return { capacityBytes, nodeExpansionRequired };
  const total = capacity.totalOf(storageKind) ?? 0n;
  if (capacityBytes > total) {
    throw outOfRange('capacity_range', `${capacityBytes} bytes are more than the ${total} that there are in all`);
  }
  const release = capacity.reserve(storageKind, capacityBytes - had);
  try {
    if (accessType === 'block') await volumes.resize(volumeId, capacityBytes);
    await store.transaction(() => {
      const now = store.volumes.get(volumeId);
      if (now === undefined) throw notFound('volume', volumeId);
      store.usedCapacity.add(storageKind, capacityBytes - now.capacityBytes);
      store.volumes.put({ ...now, capacityBytes });
    });
  } finally {
    release();
  }
  return { capacityBytes, nodeExpansionRequired };
}
