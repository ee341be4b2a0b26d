import type { AccessType } from './volume-record.js';

/** What is known of a snapshot. It outlives the volume that it was made of. */
export interface SnapshotRecord {
  readonly id: string;
  /** The name that the CO chose, or that of the group with the volume's id. */
  readonly name: string;
  readonly sourceVolumeId: string;
  readonly accessType: AccessType;
  /** The capacity of the volume when the snapshot was made: a volume made from it has at least as much. */
  readonly sizeBytes: bigint;
  readonly storageKind: string;
  readonly groupId?: string;
  readonly createdAtMs: number;
}
