import type { ControllerGetVolumeHealthRequest, VolumeHealth } from '../../../../gen/csi/v1/csi.js';
import { notFound } from '../../csi-error.js';
import { fileSystemProblems } from '../health/file-system-problems.js';
import { volumeProblems } from '../health/volume-problems.js';
import type { HostPath } from '../host-path.js';

/** Whether the content of a volume is there and whole, and its file system can be written to and has room. */
export async function controllerGetVolumeHealth(
  { store, volumes }: HostPath,
  { volumeId }: ControllerGetVolumeHealthRequest,
): Promise<{ volumeHealth: VolumeHealth }> {
  const record = store.volumes.get(volumeId);
  if (record === undefined) throw notFound('volume', volumeId);
  const healthStatuses = await volumeProblems(volumes, record, await fileSystemProblems(volumes));
  return { volumeHealth: { volumeId, healthStatuses } };
}
