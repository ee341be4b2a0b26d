import type { ControllerPublishVolumeRequest } from '../../../../gen/csi/v1/csi.js';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../../../gen/csi/v1/csi.js';
import { alreadyExists, failedPrecondition, invalidArgument, notFound, resourceExhausted } from '../../csi-error.js';
import { accessTypeOf } from '../access-type-of.js';
import type { HostPath } from '../host-path.js';
import { type PublicationRecord, publicationId } from '../publication-record.js';
import { publishedNodeIds } from '../published-node-ids.js';

const ON_MANY_NODES = new Set<Mode>([
  Mode.MULTI_NODE_READER_ONLY,
  Mode.MULTI_NODE_SINGLE_WRITER,
  Mode.MULTI_NODE_MULTI_WRITER,
]);

/** Attaches a volume to the node, in the books: the rules are those of storage that really has to be attached. */
export async function controllerPublishVolume(
  { store, options }: HostPath,
  { volumeId, nodeId, volumeCapability, readonly }: ControllerPublishVolumeRequest,
): Promise<object> {
  const publication: PublicationRecord = {
    id: publicationId(volumeId, nodeId),
    volumeId,
    nodeId,
    accessType: accessTypeOf(volumeCapability === undefined ? [] : [volumeCapability]),
    accessMode: volumeCapability?.accessMode?.mode ?? Mode.UNKNOWN,
    readonly,
  };
  await store.transaction(() => {
    const volume = store.volumes.get(volumeId);
    if (volume === undefined) throw notFound('volume', volumeId);
    if (nodeId !== options.nodeId) throw notFound('node', nodeId);
    if (volume.accessType !== publication.accessType) {
      throw invalidArgument('volume_capability', `the volume has the access type ${volume.accessType}`);
    }
    const existing = store.publications.get(publication.id);
    if (existing !== undefined) {
      const same = existing.readonly === readonly && existing.accessMode === publication.accessMode;
      if (!same) throw alreadyExists('publication of the volume', volumeId, 'on this node in another way');
      return;
    }
    const elsewhere = publishedNodeIds(store, volumeId);
    if (elsewhere.length > 0 && !ON_MANY_NODES.has(publication.accessMode)) {
      throw failedPrecondition(`the volume is published on ${elsewhere.join(', ')}, and is to be on one node alone`);
    }
    const { maxVolumesPerNode: limit } = options;
    if (limit !== undefined && store.publications.countBy('node', nodeId, limit) >= limit) {
      throw resourceExhausted(`the node has the ${limit} volumes that it can have`);
    }
    store.publications.put(publication);
  });
  return {};
}
