import type { VolumeGroupSnapshot } from '../../../gen/csi/v1/csi.js';
import { describeSnapshot } from './describe-snapshot.js';
import { describeTime } from './describe-time.js';
import type { GroupSnapshotRecord } from './group-snapshot-record.js';
import type { SnapshotRecord } from './snapshot-record.js';

/** A group as the CO sees it. */
export function describeGroupSnapshot(
  { id, createdAtMs }: GroupSnapshotRecord,
  members: readonly SnapshotRecord[],
): VolumeGroupSnapshot {
  return {
    groupSnapshotId: id,
    snapshots: members.map(describeSnapshot),
    creationTime: describeTime(createdAtMs),
    readyToUse: true,
  };
}
