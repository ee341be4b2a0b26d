import type { VolumeCapability } from '../../../gen/csi/v1/csi.js';
import { alreadyExists, invalidArgument, notFound } from '../csi-error.js';
import { accessTypeOf } from './access-type-of.js';
import type { RecordStore } from './record-store.js';
import { type TargetRecord, targetId } from './target-record.js';
import type { VolumeRecord } from './volume-record.js';

export interface RecordedTarget {
  readonly volume: VolumeRecord;
  readonly target: TargetRecord;
  /** Nobody knew of it before. */
  readonly isNew: boolean;
}

/**
 * Writes down that a volume is to be used at a path, before it is: a target that is not there is made by the next attempt,
 * one that nobody knows of would stay for ever. What is written down in the same way already is left.
 *
 * @param check runs in the same transaction; what it throws keeps the record from being written.
 */
export async function recordTarget(
  store: RecordStore,
  target: Pick<TargetRecord, 'volumeId' | 'path' | 'use' | 'readonly'>,
  capability: VolumeCapability,
  check: (target: TargetRecord) => void,
): Promise<RecordedTarget> {
  const { volumeId, path } = target;
  const record = { ...target, id: targetId(volumeId, path), accessMode: capability.accessMode!.mode };
  return store.transaction(() => {
    const volume = store.volumes.get(volumeId);
    if (volume === undefined) throw notFound('volume', volumeId);
    if (accessTypeOf([capability]) !== volume.accessType) {
      throw invalidArgument('volume_capability', `the volume has the access type ${volume.accessType}`);
    }
    const existing = store.targets.get(record.id);
    if (existing === undefined) {
      check(record);
      store.targets.put(record);
    } else refuseOtherUse(existing, record);
    return { volume, target: record, isNew: existing === undefined };
  });
}

/** @throws RpcError ALREADY_EXISTS when a target is there and not in this way. */
export function refuseOtherUse(existing: TargetRecord, wanted: TargetRecord): void {
  const same =
    existing.use === wanted.use && existing.readonly === wanted.readonly && existing.accessMode === wanted.accessMode;
  if (!same) throw alreadyExists('target', wanted.path, `for the volume ${wanted.volumeId} in another way`);
}
