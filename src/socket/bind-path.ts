import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PathEndpoint } from '../endpoint/endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import type { BoundSocket } from './bound-socket.js';
import { errnoName, libc } from './libc.js';
import type { ListenOptions } from './listen-options.js';
import { removeStaleSocket } from './remove-stale-socket.js';
import { socketAddress } from './socket-address.js';
import { SocketError } from './socket-error.js';
import { SocketFile } from './socket-file.js';
import { unixStreamSocket } from './unix-stream-socket.js';

/** fcntl.h; Node has no name for it. The same on x64 and arm64. */
const O_PATH = 0o10000000;
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
  // The working directory may change before the file is removed. Not normalized: `link/..` is the kernel's to resolve.
  const path = endpoint.path.startsWith('/') ? endpoint.path : `${process.cwd()}/${endpoint.path}`;
  const folderFd = openFolder(dirname(path), options.createParent === true, shown);
  try {
    await lockFolder(folderFd, dirname(path), shown);
    await removeStaleSocket(endpoint, path, options.owner);
    return bindNow(endpoint, path, options, backlog);
  } finally {
    closeSync(folderFd);
  }
}

function openFolder(folder: string, create: boolean, shown: string): number {
  try {
    if (create) mkdirSync(folder, { recursive: true, mode: 0o755 });
    return openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'EIO';
    const message =
      code === 'ENOENT'
        ? `the folder ${folder} does not exist; make it, or listen with { createParent: true }`
        : `the folder ${folder} cannot be opened; it must be a folder that this user may read and write`;
    throw new SocketError(code, shown, message, { cause });
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
    file?.unlink();
    closeSync(fd);
    throw error;
  }
}

/** Through a descriptor of the very file, since chown and chmod by name would follow a symlink put in its place. */
function setOwnerAndMode(own: SocketFile, mode: number, options: ListenOptions, shown: string): void {
  const fileFd = openSync(own.path, O_PATH | constants.O_NOFOLLOW);
  try {
    if (!own.isSame(fstatSync(fileFd, { bigint: true }))) {
      throw new SocketError('EADDRINUSE', shown, 'another process has just put something else there');
    }
    const file = `/proc/self/fd/${fileFd}`;
    if (options.owner !== undefined || options.group !== undefined) {
      chownSync(file, options.owner ?? -1, options.group ?? -1);
    }
    chmodSync(file, mode);
  } catch (cause) {
    if (cause instanceof SocketError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? 'EIO';
    const message =
      'the socket cannot be given its owner, group or mode; only root may give it to another user, ' +
      'and others only to a group of their own';
    throw new SocketError(code, shown, message, { cause });
  } finally {
    closeSync(fileFd);
  }
}

function bindFailure(code: string, shown: string, folder: string): SocketError {
  switch (code) {
    case 'EADDRINUSE':
      return new SocketError(code, shown, 'another process has just put something there; try again');
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new SocketError(code, shown, `no socket can be made in ${folder}; this user needs write permission there`);
    default:
      return new SocketError(code, shown, 'the socket file cannot be made');
  }
}
