import type { NodePublishVolumeRequest } from '../../../../gen/csi/v1/csi.js';
import { alreadyExists, failedPrecondition, outOfRange } from '../../csi-error.js';
import { acceptedCapacity } from '../accepted-capacity.js';
import { accessTypeOf } from '../access-type-of.js';
import type { HostPath } from '../host-path.js';
import { newId } from '../new-id.js';
import { type RecordedTarget, refuseOtherUse } from '../record-target.js';
import { storageKindOf } from '../storage-kind-of.js';
import { type TargetRecord, targetId } from '../target-record.js';
import { targetsOf } from '../targets-of.js';
import type { VolumeRecord } from '../volume-record.js';
import { ephemeralSize } from './ephemeral-context.js';

/**
 * Makes a volume that lives as long as its one target, or finds it: content first, then the records of volume and target
 * and what they take of the capacity, in one transaction. The id is the CO's and says nothing of a path.
 */
export async function createEphemeralVolume(
  { store, volumes, capacity }: HostPath,
  { volumeId: name, targetPath: path, volumeCapability, volumeContext, readonly }: NodePublishVolumeRequest,
): Promise<RecordedTarget> {
  const { size: _, ...parameters } = volumeContext;
  const storageKind = storageKindOf('volume_context', parameters, capacity, ['kind', 'size']);
  const accessType = accessTypeOf([volumeCapability!]);
  const requiredBytes = ephemeralSize(volumeContext);
  const capacityBytes = acceptedCapacity({ requiredBytes, limitBytes: 0n }, accessType);
  const id = targetId(name, path);
  const target: TargetRecord = {
    id,
    volumeId: name,
    path,
    use: 'published',
    accessMode: volumeCapability!.accessMode!.mode,
    readonly,
  };

  if (store.volumes.get(name) !== undefined) throw alreadyExists('volume', name, 'and is not ephemeral');
  const existing = store.ephemeralVolumes.findBy('name', name);
  if (existing !== undefined) {
    const [other] = targetsOf(store, name, 'published');
    if (other !== undefined && other.id !== id) {
      throw failedPrecondition(`the ephemeral volume has its only target at ${other.path}`);
    }
    if (other !== undefined) refuseOtherUse(other, target);
    const isSame =
      existing.accessType === accessType &&
      existing.storageKind === storageKind &&
      existing.capacityBytes === capacityBytes;
    if (!isSame) throw alreadyExists('ephemeral volume', name, 'in another way');
    return { volume: existing, target, isNew: false };
  }

  const total = capacity.totalOf(storageKind)!;
  if (capacityBytes > total) {
    throw outOfRange('volume_context', `size: ${capacityBytes} bytes are more than the ${total} that there are in all`);
  }
  const release = capacity.reserve(storageKind, capacityBytes);
  const volume: VolumeRecord = {
    id: newId('vol'),
    name,
    accessType,
    capacityBytes,
    storageKind,
    mutableParameters: {},
    createdAtMs: Date.now(),
  };
  try {
    await volumes.create(volume.id, accessType, capacityBytes);
    await store.transaction(() => {
      store.ephemeralVolumes.put(volume);
      store.targets.put(target);
      store.usedCapacity.add(storageKind, capacityBytes);
    });
  } catch (error) {
    await volumes.remove(volume.id);
    throw error;
  } finally {
    release();
  }
  return { volume, target, isNew: true };
}
