import type { ControllerModifyVolumeRequest } from '../../../../gen/csi/v1/csi.js';
import { notFound } from '../../csi-error.js';
import type { HostPath } from '../host-path.js';
import { refuseUnknownKeys } from '../refuse-unknown-keys.js';

/** Changes the mutable parameters that are given, all or none; the others keep their values. */
export async function controllerModifyVolume(
  { store, options }: HostPath,
  { volumeId, mutableParameters }: ControllerModifyVolumeRequest,
): Promise<object> {
  refuseUnknownKeys('mutable_parameters', mutableParameters, options.mutableParameters ?? []);
  await store.transaction(() => {
    const volume = store.volumes.get(volumeId);
    if (volume === undefined) throw notFound('volume', volumeId);
    store.volumes.put({ ...volume, mutableParameters: { ...volume.mutableParameters, ...mutableParameters } });
  });
  return {};
}
