import { statfs } from 'node:fs/promises';
import {
  type NodeGetVolumeStatsRequest,
  VolumeUsage_Unit as Unit,
  type VolumeUsage,
} from '../../../../gen/csi/v1/csi.js';
import { notFound } from '../../csi-error.js';
import type { HostPath } from '../host-path.js';
import { targetId } from '../target-record.js';
import { volumeOnNode } from '../volume-on-node.js';

/** What the file system under a folder has, which all volumes share; of a block device its size. */
export async function nodeGetVolumeStats(
  { store, volumes }: HostPath,
  { volumeId, volumePath }: NodeGetVolumeStatsRequest,
): Promise<{ usage: VolumeUsage[] }> {
  const volume = volumeOnNode(store, volumeId);
  if (volume === undefined) throw notFound('volume', volumeId);
  if (store.targets.get(targetId(volumeId, volumePath)) === undefined) throw notFound('volume at the path', volumePath);
  if (volume.accessType === 'block') {
    return { usage: [{ unit: Unit.BYTES, total: volume.capacityBytes, available: 0n, used: 0n }] };
  }
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(volumes.pathOf(volume.id), { bigint: true });
  return {
    usage: [
      { unit: Unit.BYTES, total: blocks * bsize, available: bavail * bsize, used: (blocks - bfree) * bsize },
      { unit: Unit.INODES, total: files, available: ffree, used: files - ffree },
    ],
  };
}
