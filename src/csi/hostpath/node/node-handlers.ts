import type { NodeHandlers } from '../../plugin/plugin-handlers.js';
import type { HostPath } from '../host-path.js';
import { nodeExpandVolume } from './node-expand-volume.js';
import { nodeGetInfo } from './node-get-info.js';
import { nodeGetStorageHealth } from './node-get-storage-health.js';
import { nodeGetVolumeHealth } from './node-get-volume-health.js';
import { nodeGetVolumeStats } from './node-get-volume-stats.js';
import { nodePublishVolume } from './node-publish-volume.js';
import { nodeStageVolume } from './node-stage-volume.js';
import { nodeUnpublishVolume } from './node-unpublish-volume.js';
import { nodeUnstageVolume } from './node-unstage-volume.js';

/** The handlers of csi.v1.Node, for the node on which the contents are. They count on `createPlugin` as the controller's do. */
export function nodeHandlers(hostPath: HostPath): Required<NodeHandlers> {
  return {
    nodeGetInfo: () => nodeGetInfo(hostPath),
    nodeStageVolume: (request) => nodeStageVolume(hostPath, request),
    nodeUnstageVolume: (request) => nodeUnstageVolume(hostPath, request),
    nodePublishVolume: (request) => nodePublishVolume(hostPath, request),
    nodeUnpublishVolume: (request) => nodeUnpublishVolume(hostPath, request),
    nodeGetVolumeStats: (request) => nodeGetVolumeStats(hostPath, request),
    nodeGetVolumeHealth: (request) => nodeGetVolumeHealth(hostPath, request),
    nodeGetStorageHealth: () => nodeGetStorageHealth(hostPath),
    nodeExpandVolume: (request) => nodeExpandVolume(hostPath, request),
  };
}
