import type { NodeHandlers } from '../../plugin/plugin-handlers.js';
import type { HostPath } from '../host-path.js';
import { nodeExpandVolume } from './node-expand-volume.js';
import { nodeGetInfo } from './node-get-info.js';
import { nodeGetVolumeStats } from './node-get-volume-stats.js';
import { nodePublishVolume } from './node-publish-volume.js';
import { nodeStageVolume } from './node-stage-volume.js';
import { nodeUnpublishVolume } from './node-unpublish-volume.js';
import { nodeUnstageVolume } from './node-unstage-volume.js';

/** The handlers of csi.v1.Node, for the node on which the contents are. They count on `createPlugin` as the controller's do. */
export function nodeHandlers(
  hostPath: HostPath,
): Required<Omit<NodeHandlers, 'nodeGetVolumeHealth' | 'nodeGetStorageHealth'>> {
  return {
    nodeGetInfo: () => nodeGetInfo(hostPath),
    nodeStageVolume: (request) => nodeStageVolume(hostPath, request),
    nodeUnstageVolume: (request) => nodeUnstageVolume(hostPath, request),
    nodePublishVolume: (request) => nodePublishVolume(hostPath, request),
    nodeUnpublishVolume: (request) => nodeUnpublishVolume(hostPath, request),
    nodeGetVolumeStats: (request) => nodeGetVolumeStats(hostPath, request),
    nodeExpandVolume: (request) => nodeExpandVolume(hostPath, request),
  };
}
