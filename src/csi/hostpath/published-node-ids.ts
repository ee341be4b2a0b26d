import type { RecordStore } from './record-store.js';

/** The nodes that a volume is attached to. */
export function publishedNodeIds({ publications }: RecordStore, volumeId: string): string[] {
  return publications.pageBy('volume', volumeId, { limit: Number.MAX_SAFE_INTEGER }).map(({ nodeId }) => nodeId);
}
