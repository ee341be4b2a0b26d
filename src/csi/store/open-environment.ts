import type { Key, RootDatabase } from 'lmdb';
import { loadLmdb } from './load-lmdb.js';

/**
 * Opens an lmdb environment for records, and makes it when it is missing, folder and all. One process at a time.
 *
 * A change that is acknowledged is on disk: `overlappingSync`, lmdb-js's default, would acknowledge what is committed and
 * flush it later. Without it a commit resolves after fdatasync, so that neither `kill -9` nor a power cut undoes it, and
 * a change that is cut short leaves nothing: lmdb writes to fresh pages, and a commit is the one write that points to them.
 *
 * @param path a folder of its own.
 */
export async function openEnvironment(path: string): Promise<RootDatabase<unknown, Key>> {
  const { open } = await loadLmdb();
  const environment = open<unknown, Key>({ path, overlappingSync: false, noSubdir: false });
  // A process that was killed leaves its entry among the readers, and that keeps old pages from being reused.
  environment.readerCheck();
  return environment;
}
