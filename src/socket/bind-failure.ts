import { SocketError } from './socket-error.js';

/** Why a socket file could not be made, and what to do. */
export function bindFailure(code: string, shown: string, folder: string): SocketError {
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
