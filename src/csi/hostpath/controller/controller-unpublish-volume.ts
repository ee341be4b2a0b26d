import type { ControllerUnpublishVolumeRequest } from '../../../../gen/csi/v1/csi.js';
import type { HostPath } from '../host-path.js';
import { publicationId } from '../publication-record.js';
import { publishedNodeIds } from '../published-node-ids.js';

/** Detaches a volume from a node, or from all when none is named. What is not attached is detached. */
export async function controllerUnpublishVolume(
  { store }: HostPath,
  { volumeId, nodeId }: ControllerUnpublishVolumeRequest,
): Promise<object> {
  await store.transaction(() => {
    const nodes = nodeId === '' ? publishedNodeIds(store, volumeId) : [nodeId];
    for (const node of nodes) store.publications.delete(publicationId(volumeId, node));
  });
  return {};
}
