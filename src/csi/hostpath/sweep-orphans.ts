import type { ContentFolder } from './content-folder.js';
import type { RecordStore } from './record-store.js';

/** What was put in order. Empty lists: nothing had to be. */
export interface SweptOrphans {
  /** Ids of content whose creation or removal was cut short: it had no record, and was removed. */
  readonly content: readonly string[];
  /** Ids of records whose content somebody removed: they were removed too. */
  readonly records: readonly string[];
}

/** Puts in order what a crash left, before anything else is done: content without record, and records without content. */
export async function sweepOrphans(
  store: RecordStore,
  volumes: ContentFolder,
  snapshots: ContentFolder,
): Promise<SweptOrphans> {
  const swept = { content: [] as string[], records: [] as string[] };
  for (const [table, folder] of [
    [store.volumes, volumes],
    [store.snapshots, snapshots],
  ] as const) {
    const ids = new Set(await folder.ids());
    for (const id of ids) {
      if (table.get(id) !== undefined) continue;
      await folder.remove(id);
      swept.content.push(id);
    }
    for (const { id } of table.all()) if (!ids.has(id)) swept.records.push(id);
  }
  if (swept.records.length > 0) {
    await store.transaction(() => {
      for (const id of swept.records) forget(store, id);
    });
  }
  return swept;
}

function forget(store: RecordStore, id: string): void {
  const volume = store.volumes.get(id);
  if (volume !== undefined) {
    store.volumes.delete(id);
    store.usedCapacity.add(volume.storageKind, -volume.capacityBytes);
    for (const table of [store.publications, store.targets]) {
      for (const use of table.pageBy('volume', id, { limit: Number.MAX_SAFE_INTEGER })) table.delete(use.id);
    }
    return;
  }
  const snapshot = store.snapshots.get(id)!;
  store.snapshots.delete(id);
  store.usedCapacity.add(snapshot.storageKind, -snapshot.sizeBytes);
}
