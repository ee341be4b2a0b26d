import type { SnapshotMetadataHandlers } from '../../plugin/plugin-handlers.js';
import type { HostPath } from '../host-path.js';
import { getMetadataAllocated } from './get-metadata-allocated.js';
import { getMetadataDelta } from './get-metadata-delta.js';

/** The handlers of csi.v1.SnapshotMetadata. They count on `createPlugin` as the controller's do. */
export function snapshotMetadataHandlers(hostPath: HostPath): Required<SnapshotMetadataHandlers> {
  return {
    getMetadataAllocated: (request, { signal }) => getMetadataAllocated(hostPath, request, signal),
    getMetadataDelta: (request, { signal }) => getMetadataDelta(hostPath, request, signal),
  };
}
