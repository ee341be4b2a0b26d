import type { GetVolumeGroupSnapshotRequest, VolumeGroupSnapshot } from '../../../../gen/csi/v1/csi.js';
import { notFound } from '../../csi-error.js';
import { describeGroupSnapshot } from '../describe-group-snapshot.js';
import { groupMembers } from '../group-members.js';
import type { HostPath } from '../host-path.js';

/** One group, with its snapshots. */
export async function getVolumeGroupSnapshot(
  hostPath: HostPath,
  { groupSnapshotId, snapshotIds }: GetVolumeGroupSnapshotRequest,
): Promise<{ groupSnapshot: VolumeGroupSnapshot }> {
  const { store } = hostPath;
  const group = store.groupSnapshots.get(groupSnapshotId);
  if (group === undefined) throw notFound('group snapshot', groupSnapshotId);
  return { groupSnapshot: describeGroupSnapshot(group, groupMembers(store, groupSnapshotId, snapshotIds), hostPath) };
}
