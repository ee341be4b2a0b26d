import { createRequire } from 'node:module';
import type { Server, Socket } from 'node:net';
import { SocketError } from './socket-error.js';

/** What is used of the optional package `abstract-socket`; its names begin with NUL and are exact. */
export interface AbstractSocketPackage {
  createServer(): Server;
  connect(name: string, connected: () => void): Socket;
}

let loaded: AbstractSocketPackage | undefined;

/** Throws a SocketError that says what to install. */
export function abstractSocketPackage(shown: string): AbstractSocketPackage {
  try {
    loaded ??= createRequire(import.meta.url)('abstract-socket') as AbstractSocketPackage;
    return loaded;
  } catch (cause) {
    const message =
      `Node ${process.version} pads abstract names with NULs, so nobody else would find this one. Install koffi (no ` +
      'compiler needed), or abstract-socket (needs one), or use Node 22 or later; or use a path';
    throw new SocketError('ERR_PODWIRE_UNSUPPORTED', shown, message, { cause });
  }
}
