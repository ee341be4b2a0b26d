import { closeSync, fchmodSync, lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PathEndpoint } from '../endpoint/endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import { absolutePath } from './absolute-path.js';
import { bindFailure } from './bind-failure.js';
import type { BoundSocket } from './bound-socket.js';
import { errnoName, libc } from './libc.js';
import type { ListenOptions } from './listen-options.js';
import { openFolder } from './open-folder.js';
import { removeStaleSocket } from './remove-stale-socket.js';
import { setOwnerAndMode } from './set-owner-and-mode.js';
import { socketAddress } from './socket-address.js';
import { SocketError } from './socket-error.js';
import { SocketFile } from './socket-file.js';
import { unixStreamSocket } from './unix-stream-socket.js';

/** How long to wait for another starter that holds the folder's lock, in ms. */
const LOCK_PATIENCE = 5_000;
const LOCK_RETRY = 5;

/**
 * Listens on a socket file. Starters of one folder take turns under a lock on the folder itself, which leaves no file;
 * within the turn a stale socket is removed, and the new one gets its mode and owner before it listens, that is before
 * anybody can connect.
 */
export async function bindPath(endpoint: PathEndpoint, options: ListenOptions, backlog: number): Promise<BoundSocket> {
  const shown = printEndpoint(endpoint);
  // The working directory may change before the file is removed.
  const path = absolutePath(endpoint.path);
  const folderFd = openFolder(dirname(path), options.createParent === true, shown);
  try {
    await lockFolder(folderFd, dirname(path), shown);
    await removeStaleSocket(endpoint, path, options.owner);
    return bindNow(endpoint, path, options, backlog);
  } finally {
    closeSync(folderFd);
  }
}

async function lockFolder(folderFd: number, folder: string, shown: string): Promise<void> {
  const giveUpAt = performance.now() + LOCK_PATIENCE;
  for (;;) {
    const result = libc().tryLock(folderFd);
    if (result >= 0) return;
    const code = errnoName(result);
    if (code === 'EINTR') continue;
    if (code !== 'EAGAIN') throw new SocketError(code, shown, `the folder ${folder} cannot be locked`);
    if (performance.now() > giveUpAt) {
      throw new SocketError(code, shown, `another process keeps the folder ${folder} locked; find it with lslocks`);
    }
    await delay(LOCK_RETRY);
  }
}

function bindNow(endpoint: PathEndpoint, path: string, options: ListenOptions, backlog: number): BoundSocket {
  const shown = printEndpoint(endpoint);
  const fd = unixStreamSocket(endpoint);
  let file: SocketFile | undefined;
  try {
    const mode = options.mode ?? 0o600;
    // Linux makes the file with the mode of the socket, less the umask.
    fchmodSync(fd, mode);
    const bound = libc().bind(fd, socketAddress(endpoint));
    if (bound < 0) throw bindFailure(errnoName(bound), shown, dirname(path));
    file = new SocketFile(path);
    const umaskCutIt = (lstatSync(path).mode & 0o777) !== mode;
    if (options.owner !== undefined || options.group !== undefined || umaskCutIt) {
      setOwnerAndMode(file, mode, options, shown);
    }
    const listening = libc().listen(fd, backlog);
    if (listening < 0) throw new SocketError(errnoName(listening), shown, 'the socket cannot listen');
    return { fd, file };
  } catch (error) {
    try {
      file?.unlink();
    } finally {
      closeSync(fd);
    }
    if (error instanceof SocketError) throw error;
    // Found nothing where it has just bound.
    const code = (error as NodeJS.ErrnoException).code ?? 'EIO';
    throw new SocketError(code, shown, 'the socket file is gone as soon as it is made; find out who removes it', {
      cause: error,
    });
  }
}
