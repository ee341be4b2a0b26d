import type { ContentFolder } from './content-folder.js';
import type { RecordStore } from './record-store.js';

/** What was found out of order. Empty lists: nothing was. */
export interface SweptOrphans {
  /** Ids of content whose creation or removal was cut short: it had no record, and was removed. */
  readonly content: readonly string[];
  /**
   * Ids of volumes and snapshots whose content somebody removed. Their records stay, for their CO to hear of the loss: were
   * they removed too, a repeated CreateVolume would find nothing and make an empty volume in their place.
   */
  readonly missing: readonly string[];
}

/** Puts in order what a crash left, before anything else is done. */
export async function sweepOrphans(
  store: RecordStore,
  volumes: ContentFolder,
  snapshots: ContentFolder,
): Promise<SweptOrphans> {
  const swept = { content: [] as string[], missing: [] as string[] };
  for (const [tables, folder] of [
    [[store.volumes, store.ephemeralVolumes], volumes],
    [[store.snapshots], snapshots],
  ] as const) {
    const ids = new Set(await folder.ids());
    for (const id of ids) {
      if (tables.some((table) => table.get(id) !== undefined)) continue;
      await folder.remove(id);
      swept.content.push(id);
    }
    for (const table of tables) {
      for (const { id } of table.all()) if (!ids.has(id)) swept.missing.push(id);
    }
  }
  return swept;
}
