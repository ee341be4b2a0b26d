import type { ListSnapshotsRequest, Snapshot } from '../../../../gen/csi/v1/csi.js';
import { describeSnapshot } from '../describe-snapshot.js';
import type { HostPath } from '../host-path.js';
import { pageOf } from '../page-of.js';

/** Snapshots from the oldest to the newest, by pages: all, all of a volume, or one. Filters that find none are no error. */
export async function listSnapshots(
  hostPath: HostPath,
  request: ListSnapshotsRequest,
): Promise<{ entries: { snapshot: Snapshot }[]; nextToken: string }> {
  const { snapshots } = hostPath.store;
  const { sourceVolumeId, snapshotId } = request;
  const { entries, nextToken } = pageOf('snap', request, (page) => {
    if (snapshotId !== '') {
      const found = snapshots.get(snapshotId);
      const fits = found !== undefined && (sourceVolumeId === '' || found.sourceVolumeId === sourceVolumeId);
      return fits ? [found] : [];
    }
    return sourceVolumeId === '' ? snapshots.page(page) : snapshots.pageBy('source', sourceVolumeId, page);
  });
  return { entries: entries.map((record) => ({ snapshot: describeSnapshot(record, hostPath) })), nextToken };
}
