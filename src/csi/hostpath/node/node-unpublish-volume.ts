import type { NodeUnpublishVolumeRequest } from '../../../../gen/csi/v1/csi.js';
import type { HostPath } from '../host-path.js';
import { targetId } from '../target-record.js';
import { targetsOf } from '../targets-of.js';

/** Removes the target path, and forgets it then. What is not published is unpublished, and its path not touched. */
export async function nodeUnpublishVolume(
  { store, volumes, mounts }: HostPath,
  { volumeId, targetPath }: NodeUnpublishVolumeRequest,
): Promise<object> {
  const id = targetId(volumeId, targetPath);
  if (store.targets.get(id)?.use !== 'published') return {};
  await mounts.hide(targetPath);
  const volume = store.volumes.get(volumeId);
  if (volume !== undefined && targetsOf(store, volumeId, 'published').length === 1) {
    await mounts.release(volumes.pathOf(volumeId), volume.accessType);
  }
  await store.transaction(() => store.targets.delete(id));
  return {};
}
