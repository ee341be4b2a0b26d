import { chmodSync, chownSync, closeSync, constants, fstatSync, openSync } from 'node:fs';
import type { ListenOptions } from './listen-options.js';
import { O_PATH } from './o-path.js';
import { SocketError } from './socket-error.js';
import type { SocketFile } from './socket-file.js';

/** Through a descriptor of the very file, since chown and chmod by name would follow a symlink put in its place. */
export function setOwnerAndMode(own: SocketFile, mode: number, options: ListenOptions, shown: string): void {
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
