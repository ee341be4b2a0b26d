import type { GetSnapshotRequest, Snapshot } from '../../../../gen/csi/v1/csi.js';
import { notFound } from '../../csi-error.js';
import { describeSnapshot } from '../describe-snapshot.js';
import type { HostPath } from '../host-path.js';

/** One snapshot. */
export async function getSnapshot(
  hostPath: HostPath,
  { snapshotId }: GetSnapshotRequest,
): Promise<{ snapshot: Snapshot }> {
  const record = hostPath.store.snapshots.get(snapshotId);
  if (record === undefined) throw notFound('snapshot', snapshotId);
  return { snapshot: describeSnapshot(record, hostPath) };
}
