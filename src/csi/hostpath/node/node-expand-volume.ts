import type { NodeExpandVolumeRequest } from '../../../../gen/csi/v1/csi.js';
import { notFound } from '../../csi-error.js';
import type { HostPath } from '../host-path.js';
import { targetId } from '../target-record.js';

/** Lets a loop device have the size that ControllerExpandVolume gave its file. */
export async function nodeExpandVolume(
  { store, volumes, mounts }: HostPath,
  { volumeId, volumePath }: NodeExpandVolumeRequest,
): Promise<{ capacityBytes: bigint }> {
  const volume = store.volumes.get(volumeId);
  if (volume === undefined) throw notFound('volume', volumeId);
  if (store.targets.get(targetId(volumeId, volumePath)) === undefined) throw notFound('volume at the path', volumePath);
  await mounts.resize(volumes.pathOf(volumeId), volume.accessType);
  return { capacityBytes: volume.capacityBytes };
}
