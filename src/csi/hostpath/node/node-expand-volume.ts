import type { NodeExpandVolumeRequest } from '../../../../gen/csi/v1/csi.js';
import { notFound } from '../../csi-error.js';
import type { HostPath } from '../host-path.js';
import { targetId } from '../target-record.js';
import { volumeOnNode } from '../volume-on-node.js';

/** Lets a loop device have the size that ControllerExpandVolume gave its file. */
export async function nodeExpandVolume(
  { store, volumes, mounts, turns }: HostPath,
  { volumeId, volumePath }: NodeExpandVolumeRequest,
): Promise<{ capacityBytes: bigint }> {
  const volume = volumeOnNode(store, volumeId);
  if (volume === undefined) throw notFound('volume', volumeId);
  if (store.targets.get(targetId(volumeId, volumePath)) === undefined) throw notFound('volume at the path', volumePath);
  await turns.take(volumeId, () => mounts.resize(volumes.pathOf(volume.id), volume.accessType));
  return { capacityBytes: volume.capacityBytes };
}
