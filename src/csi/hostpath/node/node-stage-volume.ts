import type { NodeStageVolumeRequest } from '../../../../gen/csi/v1/csi.js';
import type { HostPath } from '../host-path.js';
import { recordTarget } from '../record-target.js';

/** Writes down that the volume is staged. There is nothing to prepare: content is on this machine, and shown from its place. */
export async function nodeStageVolume(
  { store }: HostPath,
  { volumeId, stagingTargetPath: path, volumeCapability }: NodeStageVolumeRequest,
): Promise<object> {
  await recordTarget(store, { volumeId, path, use: 'staged', readonly: false }, volumeCapability!, () => {});
  return {};
}
