import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Editors write in several steps. */
const QUIET_MS = 50;

/**
 * Calls `onChange` some milliseconds after anything happened in the folder of a file: editors put another file in its place,
 * and Kubernetes turns a link, so that the file itself cannot be watched.
 */
export function watchFile(path: string, onChange: () => void): { close(): void } {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(dirname(path), (_, name) => {
    // The link of Kubernetes is `..data`.
    if (name !== null && name !== basename(path) && !name.startsWith('..')) return;
    clearTimeout(timer);
    timer = setTimeout(onChange, QUIET_MS);
  });
  // A folder that goes away: the file is read again at each resync, and that fails and says so.
  watcher.on('error', () => {});
  return {
    close() {
      clearTimeout(timer);
      watcher.close();
    },
  };
}
