import type { RecordStore } from './record-store.js';
import type { TargetRecord } from './target-record.js';

/** The paths of this node at which a volume is staged, or published. */
export function targetsOf({ targets }: RecordStore, volumeId: string, use: TargetRecord['use']): TargetRecord[] {
  return targets.pageBy('volume', volumeId, { limit: Number.MAX_SAFE_INTEGER }).filter((target) => target.use === use);
}
