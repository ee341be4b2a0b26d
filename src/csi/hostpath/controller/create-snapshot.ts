import type { CreateSnapshotRequest, Snapshot } from '../../../../gen/csi/v1/csi.js';
import { alreadyExists, notFound } from '../../csi-error.js';
import { checkTopology } from '../check-topology.js';
import { describeSnapshot } from '../describe-snapshot.js';
import { freezeVolume } from '../freeze-volume.js';
import type { HostPath } from '../host-path.js';
import { refuseUnknownKeys } from '../refuse-unknown-keys.js';

/** Makes the snapshot of that name, or finds it. */
export async function createSnapshot(
  hostPath: HostPath,
  { name, sourceVolumeId, parameters, accessibilityRequirements }: CreateSnapshotRequest,
): Promise<{ snapshot: Snapshot }> {
  const { store } = hostPath;
  refuseUnknownKeys('parameters', parameters, []);
  checkTopology(hostPath.options, accessibilityRequirements);
  const existing = store.snapshots.findBy('name', name);
  if (existing !== undefined) {
    if (existing.sourceVolumeId === sourceVolumeId) return { snapshot: describeSnapshot(existing, hostPath) };
    throw alreadyExists('snapshot', name, `of the volume ${JSON.stringify(existing.sourceVolumeId)}`);
  }
  const volume = store.volumes.get(sourceVolumeId);
  if (volume === undefined) throw notFound('volume', sourceVolumeId);
  const frozen = await freezeVolume(hostPath, volume, { name });
  try {
    await store.transaction(() => frozen.commit());
  } catch (error) {
    await frozen.discard();
    throw error;
  } finally {
    frozen.release();
  }
  return { snapshot: describeSnapshot(frozen.record, hostPath) };
}
