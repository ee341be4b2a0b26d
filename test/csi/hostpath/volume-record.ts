import { newId } from '../../../src/csi/hostpath/new-id.js';
import type { VolumeRecord } from '../../../src/csi/hostpath/volume-record.js';

/** A record with something in every field. */
export function volumeRecord(fields: Partial<VolumeRecord> = {}): VolumeRecord {
  const id = fields.id ?? newId('vol');
  return {
    id,
    name: id,
    accessType: 'mount',
    capacityBytes: 1n,
    storageKind: 'standard',
    mutableParameters: {},
    createdAtMs: 1_700_000_000_123,
    ...fields,
  };
}
