import { VolumeCapability_AccessMode_Mode as Mode, type NodePublishVolumeRequest } from '../../../../gen/csi/v1/csi.js';
import { failedPrecondition } from '../../csi-error.js';
import type { HostPath } from '../host-path.js';
import { recordTarget } from '../record-target.js';
import { targetId } from '../target-record.js';
import { targetsOf } from '../targets-of.js';

/** Shows the volume at the target path, again after a restart of the machine. */
export async function nodePublishVolume(
  { store, volumes, mounts }: HostPath,
  { volumeId, stagingTargetPath, targetPath: path, volumeCapability, readonly }: NodePublishVolumeRequest,
): Promise<object> {
  const target = { volumeId, path, use: 'published', readonly } as const;
  const { accessType } = await recordTarget(store, target, volumeCapability!, ({ accessMode }) => {
    if (store.targets.get(targetId(volumeId, stagingTargetPath))?.use !== 'staged') {
      throw failedPrecondition(`the volume is not staged at ${stagingTargetPath}`);
    }
    const [other] = targetsOf(store, volumeId, 'published');
    const alone = accessMode === Mode.SINGLE_NODE_SINGLE_WRITER || other?.accessMode === Mode.SINGLE_NODE_SINGLE_WRITER;
    if (other !== undefined && alone) throw failedPrecondition(`the volume has its only target at ${other.path}`);
  });
  try {
    await mounts.show(volumes.pathOf(volumeId), path, accessType, readonly);
  } catch (error) {
    await mounts.hide(path);
    await store.transaction(() => store.targets.delete(targetId(volumeId, path)));
    throw error;
  }
  return {};
}
