import type { GetCapacityRequest } from '../../../../gen/csi/v1/csi.js';
import { accessTypeOf } from '../access-type-of.js';
import type { HostPath } from '../host-path.js';
import { refuseUnknownKeys } from '../refuse-unknown-keys.js';
import { topologyMatches } from '../topology-matches.js';

/** How much room there is for volumes of this kind, reached from that place: 0 where there is no such kind or place. */
export async function getCapacity(
  { capacity, options: { topology } }: HostPath,
  { volumeCapabilities, parameters, accessibleTopology }: GetCapacityRequest,
): Promise<{ availableCapacity: bigint; maximumVolumeSize: bigint }> {
  refuseUnknownKeys('parameters', parameters, ['kind']);
  if (volumeCapabilities.length > 0) accessTypeOf(volumeCapabilities);
  const elsewhere =
    topology !== undefined && accessibleTopology !== undefined && !topologyMatches(topology, accessibleTopology);
  const available = elsewhere ? 0n : capacity.availableOf(parameters.kind ?? capacity.defaultKind);
  return { availableCapacity: available, maximumVolumeSize: available };
}
