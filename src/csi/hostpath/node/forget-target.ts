import type { HostPath } from '../host-path.js';
import type { TargetRecord } from '../target-record.js';
import { targetsOf } from '../targets-of.js';
import type { VolumeRecord } from '../volume-record.js';

/**
 * After a volume is no longer shown at a target: lets go of its device with the last one, deletes it with its target if it
 * is ephemeral, and forgets the target in the end, so that a call that is cut short is done by the next one.
 */
export async function forgetTarget(
  { store, volumes, mounts }: HostPath,
  { id: volumeId, accessType, storageKind, capacityBytes }: VolumeRecord,
  target: TargetRecord,
): Promise<void> {
  if (targetsOf(store, target.volumeId, 'published').length === 1) {
    await mounts.release(volumes.pathOf(volumeId), accessType);
  }
  const isEphemeral = store.ephemeralVolumes.get(volumeId) !== undefined;
  // Here content goes before its record: the CO does not know the id by which a second attempt could find it.
  if (isEphemeral) await volumes.remove(volumeId);
  await store.transaction(() => {
    store.targets.delete(target.id);
    if (isEphemeral && store.ephemeralVolumes.delete(volumeId)) store.usedCapacity.add(storageKind, -capacityBytes);
  });
}
