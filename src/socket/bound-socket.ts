import type { SocketFile } from './socket-file.js';

/** A listening socket that is not yet with Node. Whoever has it owns both parts. */
export interface BoundSocket {
  readonly fd: number;
  /** Undefined for an abstract name, and for a socket that somebody else has bound. */
  readonly file?: SocketFile;
}
