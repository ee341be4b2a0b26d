import type { CreateVolumeRequest, Volume, VolumeContentSource } from '../../../../gen/csi/v1/csi.js';
import { aborted, alreadyExists, invalidArgument, notFound, outOfRange } from '../../csi-error.js';
import { acceptedCapacity } from '../accepted-capacity.js';
import { accessTypeOf } from '../access-type-of.js';
import { checkTopology } from '../check-topology.js';
import { describeVolume } from '../describe-volume.js';
import { fitsRange } from '../fits-range.js';
import type { HostPath } from '../host-path.js';
import { newId } from '../new-id.js';
import { refuseUnknownKeys } from '../refuse-unknown-keys.js';
import { storageKindOf } from '../storage-kind-of.js';
import type { AccessType, ContentSource, VolumeRecord } from '../volume-record.js';

/**
 * Makes the volume of that name, or finds it. Content comes first; the record, with where the content came from and
 * what it takes of the capacity, is one transaction, so that a retry finds all of it or nothing.
 */
export async function createVolume(hostPath: HostPath, request: CreateVolumeRequest): Promise<{ volume: Volume }> {
  const { store, volumes, capacity, options } = hostPath;
  const { name, capacityRange } = request;
  const accessType = accessTypeOf(request.volumeCapabilities);
  const storageKind = storageKindOf('parameters', request.parameters, capacity);
  refuseUnknownKeys('mutable_parameters', request.mutableParameters, options.mutableParameters ?? []);
  const source = contentSourceOf(request.volumeContentSource);
  checkTopology(options, request.accessibilityRequirements);

  const existing = store.volumes.findBy('name', name);
  if (existing !== undefined) {
    const difference = differenceOf(existing, request, { accessType, storageKind, source });
    if (difference !== undefined) throw alreadyExists('volume', name, difference);
    return { volume: describeVolume(existing, options) };
  }
  const from = source && sourceContent(hostPath, source, accessType);
  const capacityBytes = acceptedCapacity(capacityRange, accessType, from?.bytes);
  const total = capacity.totalOf(storageKind)!;
  if (capacityBytes > total) {
    throw outOfRange('capacity_range', `${capacityBytes} bytes are more than the ${total} that there are in all`);
  }
  const release = capacity.reserve(storageKind, capacityBytes);
  const record: VolumeRecord = {
    id: newId('vol'),
    name,
    accessType,
    capacityBytes,
    storageKind,
    ...(source && { source }),
    mutableParameters: { ...request.mutableParameters },
    createdAtMs: Date.now(),
  };
  try {
    if (from === undefined) await volumes.create(record.id, accessType, capacityBytes);
    else {
      const copy = hostPath.copyOptions(source!.id, record.id);
      await hostPath.sourceUses.during(source!.kind, source!.id, () =>
        volumes.copy(record.id, from.path, accessType, capacityBytes, copy),
      );
    }
    await store.transaction(() => {
      // For callers that are not kept to one operation at a time for each name.
      if (store.volumes.findBy('name', name) !== undefined) throw aborted('volume', name);
      store.volumes.put(record);
      store.usedCapacity.add(storageKind, capacityBytes);
    });
  } catch (error) {
    await volumes.remove(record.id);
    throw error;
  } finally {
    release();
  }
  return { volume: describeVolume(record, options) };
}

function contentSourceOf(source: VolumeContentSource | undefined): ContentSource | undefined {
  if (source?.type === undefined) return undefined;
  const { $case: kind, value } = source.type;
  return { kind, id: kind === 'snapshot' ? value.snapshotId : value.volumeId };
}

/** Why a volume is not what is asked for under its name. Mutable parameters may have changed since. */
function differenceOf(
  { accessType, storageKind, source, capacityBytes }: VolumeRecord,
  { capacityRange }: CreateVolumeRequest,
  wanted: Pick<VolumeRecord, 'accessType' | 'storageKind'> & { readonly source: ContentSource | undefined },
): string | undefined {
  if (!fitsRange(capacityBytes, capacityRange)) return `with ${capacityBytes} bytes`;
  if (accessType !== wanted.accessType) return `with the access type ${accessType}`;
  if (storageKind !== wanted.storageKind) return `on storage of the kind ${JSON.stringify(storageKind)}`;
  if (source?.kind !== wanted.source?.kind || source?.id !== wanted.source?.id) {
    return source === undefined ? 'without a source' : `from the ${source.kind} ${JSON.stringify(source.id)}`;
  }
  return undefined;
}

/** @throws RpcError NOT_FOUND, or INVALID_ARGUMENT for content of the other access type. */
function sourceContent(
  { store, volumes, snapshots }: HostPath,
  { kind, id }: ContentSource,
  wanted: AccessType,
): { path: string; bytes: bigint } {
  const found =
    kind === 'snapshot'
      ? { record: store.snapshots.get(id), folder: snapshots, bytes: store.snapshots.get(id)?.sizeBytes }
      : { record: store.volumes.get(id), folder: volumes, bytes: store.volumes.get(id)?.capacityBytes };
  if (found.record === undefined) throw notFound(kind, id);
  const { accessType } = found.record;
  if (accessType !== wanted) {
    throw invalidArgument('volume_content_source', `it has the access type ${accessType}, and the volume ${wanted}`);
  }
  return { path: found.folder.pathOf(id), bytes: found.bytes! };
}
