import type { NodeUnpublishVolumeRequest } from '../../../../gen/csi/v1/csi.js';
import type { HostPath } from '../host-path.js';
import { targetId } from '../target-record.js';
import { volumeOnNode } from '../volume-on-node.js';
import { forgetTarget } from './forget-target.js';

/**
 * Removes the target path, and forgets it then; an ephemeral volume is deleted with it. What is not published is unpublished,
 * and its path not touched.
 */
export async function nodeUnpublishVolume(
  hostPath: HostPath,
  { volumeId, targetPath }: NodeUnpublishVolumeRequest,
): Promise<object> {
  const { store, volumes, mounts } = hostPath;
  await hostPath.turns.take(volumeId, async () => {
    const target = store.targets.get(targetId(volumeId, targetPath));
    if (target?.use !== 'published') return;
    // No volume is deleted that has a target.
    const volume = volumeOnNode(store, volumeId)!;
    const { id, accessType } = volume;
    await mounts.hide({ content: volumes.pathOf(id), target: targetPath, accessType });
    await forgetTarget(hostPath, volume, target);
  });
  return {};
}
