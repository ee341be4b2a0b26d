import type { GetMetadataAllocatedRequest } from '../../../../gen/csi/v1/csi.js';
import type { HostPath } from '../host-path.js';
import { type BlockMetadataPage, blockMetadataPages } from './block-metadata-pages.js';
import { blockSnapshot } from './block-snapshot.js';

/**
 * Where a snapshot has content. Blocks that were written with zeros do not count: copies keep them as holes, so that nobody
 * can tell, and whoever restores gets zeros either way.
 */
export async function* getMetadataAllocated(
  hostPath: HostPath,
  request: GetMetadataAllocatedRequest,
  signal: AbortSignal,
): AsyncGenerator<BlockMetadataPage, void, undefined> {
  const snapshot = blockSnapshot(hostPath.store, 'snapshot_id', request.snapshotId);
  yield* blockMetadataPages(hostPath, snapshot, undefined, request, signal);
}
