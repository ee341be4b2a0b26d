import type { DesiredVolume } from './desired-volume.js';

/**
 * How far a use of the volume is. `making` and `removing` are written down before the plugin is called: it may be done, or
 * not, until the plugin has said so.
 */
export type Phase = 'making' | 'made' | 'removing';

export interface Attachment {
  readonly phase: Phase;
  readonly readonly: boolean;
  /** What ControllerPublishVolume gave, for the calls on the node. */
  readonly context: { readonly [key: string]: string };
}

export interface Staging {
  readonly phase: Phase;
  readonly node: string;
}

export interface Target {
  readonly phase: Phase;
  readonly node: string;
  /** Path at which the volume is staged; undefined for a plugin that does not stage. */
  readonly staging: string | undefined;
  readonly readonly: boolean;
  /** NodeExpandVolume is still to be called for it. */
  readonly grows: boolean;
}

/** The parameters of a creation: a retry has the same, whatever is desired by then. */
export type Creation = Omit<DesiredVolume, 'id' | 'source' | 'publications'> & {
  readonly source?: { readonly kind: 'snapshot' | 'volume'; readonly name: string; readonly id: string };
};

/** What the plugin said last to a creation: nothing that decides it; an error after which it may be there; that it is not there. */
export type CreationAnswer = 'none' | 'undecided' | 'final';

/** What is known of a volume that was begun. */
export interface VolumeState {
  /** Its name. */
  readonly id: string;
  /** Undefined until CreateVolume succeeded. */
  readonly volumeId?: string;
  readonly creation: Creation;
  readonly answer: CreationAnswer;
  /** It is to be deleted, whatever is desired now: what is desired then is made anew. */
  readonly doomed: boolean;
  /** DeleteVolume was called. */
  readonly deleting: boolean;
  /** The plugin has it no more. */
  readonly missing: boolean;
  /** 0: not known. */
  readonly capacityBytes: bigint;
  readonly volumeContext: { readonly [key: string]: string };
  /** As the plugin has them; undefined: a call may have changed them. */
  readonly mutableParameters: { readonly [key: string]: string } | undefined;
  /** It has grown, and NodeExpandVolume is to be called where it is used next. */
  readonly growsOnNode: boolean;
  /** An expansion that was begun. */
  readonly expansion?: { readonly requiredBytes: bigint; readonly limitBytes: bigint };
  /** By the ids of nodes. */
  readonly attachments: { readonly [node: string]: Attachment };
  /** By their paths. */
  readonly stagings: { readonly [path: string]: Staging };
  /** By their paths. */
  readonly targets: { readonly [path: string]: Target };
}
