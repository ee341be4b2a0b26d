import { createServer, type Server } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BoundSocket } from './bound-socket.js';
import { SocketError } from './socket-error.js';
import type { SocketFile } from './socket-file.js';

/** A server of Node that listens on one of our sockets, and the file by which it is found. */
export interface ListeningServer {
  /** Accepted sockets are paused: nothing is read from a peer before it has been let in, and no byte is lost. */
  readonly server: Server;
  readonly file?: SocketFile;
  /** Removes the file if it is still ours, then closes the socket, at once. Throws when the file cannot be removed. */
  close(): void;
}

/** Hands `bound` over to Node. Rejects with SocketError; then nothing is left of it. */
export function serveBoundSocket({ fd, file }: BoundSocket, backlog: number, shown: string): Promise<ListeningServer> {
  const server = createServer({ pauseOnConnect: true });
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void => {
      // Node closes the descriptor of a server that cannot listen.
      file?.unlink();
      reject(new SocketError('EIO', shown, 'Node could not take over the socket', { cause }));
    };
    server.once('error', failed);
    // Node listens once more; with a descriptor it takes the backlog from here and not from the options.
    server.listen({ fd }, backlog, () => {
      server.off('error', failed);
      const close = (): void => {
        try {
          file?.unlink();
        } finally {
          server.close();
        }
      };
      resolve({ server, ...(file && { file }), close });
    });
  });
}

/**
 * Resolves when whoever had connected to `server` before it lost its address has been accepted. libuv takes one a turn
 * of the event loop, so a whole turn without any means that none is left.
 */
export async function acceptThoseWaiting({ server }: ListeningServer): Promise<void> {
  let someCame = true;
  server.on('connection', () => {
    someCame = true;
  });
  // What is left of this turn.
  await nextTurn();
  while (someCame) {
    someCame = false;
    await nextTurn();
  }
}
