import { accessSync, closeSync, constants, existsSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { basename, dirname } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import type { PathEndpoint } from '../endpoint/endpoint.js';
import { absolutePath } from './absolute-path.js';
import { bindFailure } from './bind-failure.js';
import type { ListenOptions } from './listen-options.js';
import type { ListeningServer } from './listening-server.js';
import { nodeSocketName } from './node-socket-name.js';
import { openFolder } from './open-folder.js';
import { removeStaleSocket } from './remove-stale-socket.js';
import { setOwnerAndMode } from './set-owner-and-mode.js';
import { SocketError } from './socket-error.js';
import { SocketFile } from './socket-file.js';

/**
 * Listens on a socket file by node:net alone. Node binds and listens in one step, so the mode comes from the umask,
 * which is set for just that step; a file that gets another owner is nobody's until it has it.
 */
export async function nodePathServer(
  endpoint: PathEndpoint,
  options: ListenOptions,
  backlog: number,
  shown: string,
): Promise<ListeningServer> {
  const path = absolutePath(nodeSocketName(endpoint, shown));
  const givesAway = options.owner !== undefined || options.group !== undefined;
  if (givesAway && process.platform !== 'linux') {
    const message = `"owner" and "group" are not supported on ${process.platform}; set the group of the folder`;
    throw new SocketError('ERR_PODWIRE_UNSUPPORTED', shown, message);
  }
  if (!isMainThread) {
    const message = 'without koffi a path is listened on in the main thread, since a worker has no umask of its own';
    throw new SocketError('ERR_PODWIRE_UNSUPPORTED', shown, message);
  }
  const mode = options.mode ?? 0o600;
  const folder = new BindFolder(dirname(path), options.createParent === true, shown);
  const server = createServer({ pauseOnConnect: true });
  let file: SocketFile | undefined;
  const close = (): void => {
    // libuv unlinks by the name that it has bound, whoever has put something else there since.
    if (file?.state() !== 'ours') folder.close();
    server.close();
    folder.close();
  };
  try {
    await removeStaleSocket(endpoint, path, options.owner);
    const listening = listenNow(server, folder.nameOf(basename(path)), backlog, givesAway ? 0 : mode);
    if (server.listening) file = new SocketFile(path);
    await listening.catch((cause: NodeJS.ErrnoException) => {
      throw bindFailure(errnoOf(cause, dirname(path)), shown, dirname(path));
    });
    if (givesAway) setOwnerAndMode(file!, mode, options, shown);
    return { server, file: file!, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** libuv says EACCES where bind(2) said ENOENT, as Windows does: with write permission it was the latter. */
function errnoOf({ code = 'EIO' }: NodeJS.ErrnoException, folder: string): string {
  if (code !== 'EACCES') return code;
  try {
    accessSync(folder, constants.W_OK);
    return 'ENOENT';
  } catch {
    return code;
  }
}

/** Bound and listening, or failed, when it returns; the promise tells which. */
function listenNow(server: Server, path: string, backlog: number, mode: number): Promise<void> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
  });
  const umask = process.umask(0o777 & ~mode);
  try {
    server.listen({ path, backlog });
  } finally {
    process.umask(umask);
  }
  return listening;
}

/**
 * The folder of a socket, as libuv shall know it: by a name that holds only while this is open. On Linux; elsewhere
 * there is but its path.
 */
class BindFolder {
  readonly #path: string;
  #fd: number;

  constructor(path: string, create: boolean, shown: string) {
    this.#path = path;
    this.#fd = openFolder(path, create, shown);
  }

  nameOf(file: string): string {
    const link = `/proc/self/fd/${this.#fd}`;
    return `${process.platform === 'linux' && existsSync(link) ? link : this.#path}/${file}`;
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}
