import type { VolumeGroupSnapshot } from '../../../gen/csi/v1/csi.js';
import { describeSnapshot } from './describe-snapshot.js';
import { describeTime } from './describe-time.js';
import type { GroupSnapshotRecord } from './group-snapshot-record.js';
import type { HostPath } from './host-path.js';
import type { SnapshotRecord } from './snapshot-record.js';

/** A group as the CO sees it. */
export function describeGroupSnapshot(
  { id, createdAtMs }: GroupSnapshotRecord,
  members: readonly SnapshotRecord[],
  hostPath: Pick<HostPath, 'snapshotTopology'>,
): VolumeGroupSnapshot {
  return {
    groupSnapshotId: id,
    snapshots: members.map((member) => describeSnapshot(member, hostPath)),
    creationTime: describeTime(createdAtMs),
    readyToUse: true,
  };
}
