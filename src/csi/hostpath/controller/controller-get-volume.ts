import type { ControllerGetVolumeRequest, Volume } from '../../../../gen/csi/v1/csi.js';
import { notFound } from '../../csi-error.js';
import { describeVolume } from '../describe-volume.js';
import type { HostPath } from '../host-path.js';
import { publishedNodeIds } from '../published-node-ids.js';

/** One volume, and the nodes it is attached to. */
export async function controllerGetVolume(
  { store, options }: HostPath,
  { volumeId }: ControllerGetVolumeRequest,
): Promise<{ volume: Volume; status: { publishedNodeIds: string[] } }> {
  const record = store.volumes.get(volumeId);
  if (record === undefined) throw notFound('volume', volumeId);
  return {
    volume: describeVolume(record, options),
    status: { publishedNodeIds: publishedNodeIds(store, volumeId) },
  };
}
