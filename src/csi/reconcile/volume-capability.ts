import { VolumeCapability_AccessMode_Mode as Mode, type VolumeCapability } from '../../../gen/csi/v1/csi.js';
import type { Creation } from './volume-state.js';

/** How a volume is used, in the protocol's words: the same in all calls for it. */
export function volumeCapability({ access, fsType, mountFlags, accessMode }: Creation): VolumeCapability {
  const mount = { fsType, mountFlags: [...mountFlags], volumeMountGroup: '' };
  return {
    accessType: access === 'block' ? { $case: 'block', value: {} } : { $case: 'mount', value: mount },
    accessMode: { mode: Mode[accessMode] },
  };
}
