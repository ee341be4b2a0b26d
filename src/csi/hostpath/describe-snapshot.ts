import type { Snapshot } from '../../../gen/csi/v1/csi.js';
import { describeTime } from './describe-time.js';
import type { HostPath } from './host-path.js';
import type { SnapshotRecord } from './snapshot-record.js';

/** A snapshot as the CO sees it. It is ready as soon as it has a record. */
export function describeSnapshot(
  { id, sourceVolumeId, sizeBytes, groupId, createdAtMs }: SnapshotRecord,
  { snapshotTopology }: Pick<HostPath, 'snapshotTopology'>,
): Snapshot {
  return {
    snapshotId: id,
    sourceVolumeId,
    sizeBytes,
    creationTime: describeTime(createdAtMs),
    readyToUse: true,
    groupSnapshotId: groupId ?? '',
    accessibleTopology: snapshotTopology.map((segments) => ({ segments: { ...segments } })),
  };
}
