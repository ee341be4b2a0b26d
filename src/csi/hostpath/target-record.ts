import { createHash } from 'node:crypto';
import type { VolumeCapability_AccessMode_Mode as Mode } from '../../../gen/csi/v1/csi.js';

/** A path of this node at which a volume is staged or published. */
export interface TargetRecord {
  /** Made by `targetId`. */
  readonly id: string;
  readonly volumeId: string;
  readonly path: string;
  readonly use: 'staged' | 'published';
  readonly accessMode: Mode;
  readonly readonly: boolean;
}

/** A path may be longer than a key of the store. */
export function targetId(volumeId: string, path: string): string {
  return `${volumeId} ${createHash('sha256').update(path).digest('hex')}`;
}
