import { SocketError } from './socket-error.js';

/** Why a socket file could not be made, and what to do. */
export function bindFailure(code: string, shown: string, folder: string): SocketError {
  switch (code) {
    case 'EADDRINUSE':
      return new SocketError(code, shown, 'another process has just put something there; try again');
    case 'EACCES':
    case 'EROFS':
      return new SocketError(code, shown, `no socket can be made in ${folder}; this user needs write permission there`);
    case 'EPERM':
      // mknod(2), and what Landlock or a folder that is immutable says.
      return new SocketError(
        code,
        shown,
        `the file system of ${folder} has no socket files, or a rule forbids them; listen in another folder`,
      );
    case 'ENOENT':
      // The folder was there a moment before: this is what proc says to every new name.
      return new SocketError(
        code,
        shown,
        `the file system of ${folder} has no socket files, or the folder was just removed; listen in another folder`,
      );
    default:
      return new SocketError(code, shown, 'the socket file cannot be made');
  }
}
