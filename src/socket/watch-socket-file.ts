import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { SocketFile } from './socket-file.js';

/** How often to look, in ms, where the kernel has no inotify watch left to give. */
const LOOK_EVERY = 1_000;

/**
 * Calls `onLost` once, when the path no longer leads to `file`. The folder is watched rather than the file, since a
 * folder that is moved away takes the file along. `onUnwatched` learns why there is no inotify watch; a timer looks
 * instead. @returns how to stop; neither keeps the process alive.
 */
export function watchSocketFile(
  file: SocketFile,
  onLost: (state: 'removed' | 'replaced') => void,
  onUnwatched: (cause: Error) => void,
): () => void {
  const folder = dirname(file.path);
  const concerned: ReadonlySet<string | null> = new Set([basename(file.path), basename(folder), null]);
  let watcher: FSWatcher | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const stop = (): void => {
    stopped = true;
    watcher?.close();
    clearInterval(timer);
  };
  const look = (): void => {
    const state = stopped ? 'ours' : file.state();
    if (state === 'ours') return;
    stop();
    onLost(state);
  };
  const lookNowAndThen = (cause: Error): void => {
    if (stopped) return;
    watcher?.close();
    timer ??= setInterval(look, LOOK_EVERY).unref();
    onUnwatched(cause);
  };

  try {
    watcher = watch(folder, { persistent: false }, (_event, name) => {
      if (concerned.has(name)) look();
    });
    watcher.on('error', lookNowAndThen);
  } catch (cause) {
    lookNowAndThen(cause as Error);
  }
  // It may have gone before the watch began; not now, since the caller does not expect to be called yet.
  setImmediate(look);
  return stop;
}
