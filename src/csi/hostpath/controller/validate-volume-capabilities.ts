import type {
  ValidateVolumeCapabilitiesResponse_Confirmed as Confirmed,
  ValidateVolumeCapabilitiesRequest,
} from '../../../../gen/csi/v1/csi.js';
import { notFound } from '../../csi-error.js';
import type { HostPath } from '../host-path.js';
import type { VolumeRecord } from '../volume-record.js';

/** Confirms what the volume can do, with all that was asked about it; else says in words why not. */
export async function validateVolumeCapabilities(
  hostPath: HostPath,
  request: ValidateVolumeCapabilitiesRequest,
): Promise<{ confirmed?: Confirmed; message?: string }> {
  const { volumeId, volumeContext, volumeCapabilities, parameters, mutableParameters } = request;
  const record = hostPath.store.volumes.get(volumeId);
  if (record === undefined) throw notFound('volume', volumeId);
  const message = problemOf(record, request, hostPath);
  if (message !== undefined) return { message };
  return { confirmed: { volumeContext, volumeCapabilities, parameters, mutableParameters } };
}

function problemOf(
  record: VolumeRecord,
  { volumeContext, volumeCapabilities, parameters, mutableParameters }: ValidateVolumeCapabilitiesRequest,
  { options, capacity }: HostPath,
): string | undefined {
  if (volumeCapabilities.some(({ accessType }) => accessType?.$case !== record.accessType)) {
    return `the volume has the access type ${record.accessType}`;
  }
  if (Object.keys(volumeContext).length > 0) return 'volume_context: volumes of this plugin have none';
  if ((parameters.kind ?? capacity.defaultKind) !== record.storageKind && parameters.kind !== undefined) {
    return `the volume is on storage of the kind ${JSON.stringify(record.storageKind)}`;
  }
  const known = options.mutableParameters ?? [];
  const unknown = Object.keys(mutableParameters).filter((key) => !known.includes(key));
  return unknown.length > 0 ? `mutable_parameters: not known here: ${unknown.join(', ')}` : undefined;
}
