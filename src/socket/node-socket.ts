import type { Socket } from 'node:net';
import type { OutgoingSocket } from './outgoing-socket.js';
import type { Peer } from './peer.js';

/** An outgoing socket that Node connects. It does not tell who the peer is. */
export class NodeSocket implements OutgoingSocket {
  readonly #open: (connected: () => void) => Socket;
  readonly #shown: string;
  #socket: Socket | undefined;

  /** `open` begins a connection; what fails comes as the `error` of the socket it returns. */
  constructor(open: (connected: () => void) => Socket, shown: string) {
    this.#open = open;
    this.#shown = shown;
  }

  connect(): Promise<string | undefined> {
    return new Promise((resolve) => {
      const failed = (error: NodeJS.ErrnoException): void => resolve(error.code ?? 'EIO');
      const socket = this.#open(() => {
        socket.off('error', failed);
        this.#socket = socket;
        resolve(undefined);
      });
      // Before it is connected, so that nothing is read until the caller listens.
      socket.pause();
      socket.once('error', failed);
    });
  }

  peer(): Peer {
    return { groups: [], endpoint: this.#shown };
  }

  take(): Socket {
    const socket = this.#socket!;
    this.#socket = undefined;
    return socket;
  }

  close(): void {
    this.#socket?.on('error', () => {}).destroy();
    this.#socket = undefined;
  }
}
