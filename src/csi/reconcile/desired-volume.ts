import type { AccessModeName } from './volume-spec.js';

export interface DesiredPublication {
  readonly node: string | undefined;
  readonly target: string | undefined;
  readonly readonly: boolean;
}

/** Where the content of a volume is to come from: an object of this controller. */
export interface DesiredSource {
  readonly kind: 'snapshot' | 'volume';
  readonly name: string;
}

/** A `VolumeSpec` that was looked at, with all its defaults, as it is kept. */
export interface DesiredVolume {
  /** The name that the CO, which is the controller, has for it; CSI's too. */
  readonly id: string;
  /** 0: not said. */
  readonly requiredBytes: bigint;
  /** 0: not said. */
  readonly limitBytes: bigint;
  readonly access: 'mount' | 'block';
  readonly fsType: string;
  readonly mountFlags: readonly string[];
  readonly accessMode: AccessModeName;
  readonly parameters: { readonly [key: string]: string };
  readonly mutableParameters: { readonly [key: string]: string };
  readonly source?: DesiredSource;
  readonly topology: readonly { readonly [key: string]: string }[];
  readonly publications: readonly DesiredPublication[];
}

/** A `SnapshotSpec`, likewise. */
export interface DesiredSnapshot {
  readonly id: string;
  /** Name of the volume. */
  readonly of: string;
  readonly parameters: { readonly [key: string]: string };
}
