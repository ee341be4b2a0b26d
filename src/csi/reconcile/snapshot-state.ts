import type { CreationAnswer } from './volume-state.js';

/** The parameters of a snapshot's creation. */
export interface SnapshotCreation {
  /** Name of the volume. */
  readonly of: string;
  readonly sourceVolumeId: string;
  readonly parameters: { readonly [key: string]: string };
}

/** What is known of a snapshot that was begun. */
export interface SnapshotState {
  /** Its name. */
  readonly id: string;
  /** Undefined until CreateSnapshot succeeded. */
  readonly snapshotId?: string;
  readonly creation: SnapshotCreation;
  readonly answer: CreationAnswer;
  /** As of a volume. */
  readonly doomed: boolean;
  /** DeleteSnapshot was called. */
  readonly deleting: boolean;
  /** The plugin has it no more. */
  readonly missing: boolean;
  /** It can be used: the plugin has done what it does after the snapshot was cut. */
  readonly ready: boolean;
  readonly sizeBytes: bigint;
  /** When it was cut; 0: not known. */
  readonly createdAtMs: number;
}
