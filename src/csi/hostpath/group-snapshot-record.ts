/** What is known of a group of snapshots that were made together. Its members are the snapshots that name it. */
export interface GroupSnapshotRecord {
  readonly id: string;
  /** The name that the CO chose. */
  readonly name: string;
  readonly sourceVolumeIds: readonly string[];
  readonly createdAtMs: number;
}
