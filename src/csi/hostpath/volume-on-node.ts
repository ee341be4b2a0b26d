import type { RecordStore } from './record-store.js';
import type { VolumeRecord } from './volume-record.js';

/** A volume by the id that calls of the node have: its own, or the one that the CO chose for an ephemeral volume. */
export function volumeOnNode({ volumes, ephemeralVolumes }: RecordStore, volumeId: string): VolumeRecord | undefined {
  return volumes.get(volumeId) ?? ephemeralVolumes.findBy('name', volumeId);
}
