import type { ListVolumesResponse_Entry as Entry, ListVolumesRequest } from '../../../../gen/csi/v1/csi.js';
import { describeVolume } from '../describe-volume.js';
import type { HostPath } from '../host-path.js';
import { pageOf } from '../page-of.js';
import { publishedNodeIds } from '../published-node-ids.js';

/** Volumes from the oldest to the newest, by pages. */
export async function listVolumes(
  { store, options }: HostPath,
  request: ListVolumesRequest,
): Promise<{ entries: Entry[]; nextToken: string }> {
  const { entries, nextToken } = pageOf('vol', request, (page) => store.volumes.page(page));
  return {
    entries: entries.map((record) => ({
      volume: describeVolume(record, options),
      status: { publishedNodeIds: publishedNodeIds(store, record.id) },
    })),
    nextToken,
  };
}
