import type { GetMetadataDeltaRequest } from '../../../../gen/csi/v1/csi.js';
import { invalidArgument } from '../../csi-error.js';
import type { HostPath } from '../host-path.js';
import { type BlockMetadataPage, blockMetadataPages } from './block-metadata-pages.js';
import { blockSnapshot } from './block-snapshot.js';

/** Where a snapshot has other content than an earlier one of the same volume. What the volume has grown by was zeros before. */
export async function* getMetadataDelta(
  hostPath: HostPath,
  request: GetMetadataDeltaRequest,
  signal: AbortSignal,
): AsyncGenerator<BlockMetadataPage, void, undefined> {
  const { store } = hostPath;
  const base = blockSnapshot(store, 'base_snapshot_id', request.baseSnapshotId);
  const target = blockSnapshot(store, 'target_snapshot_id', request.targetSnapshotId);
  if (base.sourceVolumeId !== target.sourceVolumeId) {
    throw invalidArgument('target_snapshot_id', 'it is of another volume than the base snapshot');
  }
  if (base.createdAtMs > target.createdAtMs) {
    throw invalidArgument('target_snapshot_id', 'it was made before the base snapshot');
  }
  yield* blockMetadataPages(hostPath, target, base, request, signal);
}
