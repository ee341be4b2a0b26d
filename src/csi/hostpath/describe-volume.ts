import type { Volume } from '../../../gen/csi/v1/csi.js';
import type { HostPathOptions } from './host-path-options.js';
import type { VolumeRecord } from './volume-record.js';

/** A volume as the CO sees it. */
export function describeVolume({ id, capacityBytes, source }: VolumeRecord, { topology }: HostPathOptions): Volume {
  return {
    volumeId: id,
    capacityBytes,
    volumeContext: {},
    contentSource: source && {
      type:
        source.kind === 'snapshot'
          ? { $case: 'snapshot', value: { snapshotId: source.id } }
          : { $case: 'volume', value: { volumeId: source.id } },
    },
    accessibleTopology: topology === undefined ? [] : [{ segments: { ...topology } }],
  };
}
