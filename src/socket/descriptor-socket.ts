import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { AbstractEndpoint, PathEndpoint } from '../endpoint/endpoint.js';
import { errnoName, libc } from './libc.js';
import type { OutgoingSocket } from './outgoing-socket.js';
import type { Peer } from './peer.js';
import { readPeerCredentials } from './peer-credentials.js';
import { socketAddress } from './socket-address.js';
import { unixStreamSocket } from './unix-stream-socket.js';

/** An outgoing socket made through libc. */
export class DescriptorSocket implements OutgoingSocket {
  readonly #address: Uint8Array;
  readonly #shown: string;
  #fd: number;

  constructor(endpoint: PathEndpoint | AbstractEndpoint, shown: string) {
    this.#address = socketAddress(endpoint);
    this.#shown = shown;
    this.#fd = unixStreamSocket(endpoint);
  }

  /** connect(2) on a Unix socket is done or has failed when it returns; EAGAIN says that the backlog is full. */
  async connect(): Promise<string | undefined> {
    const result = libc().connect(this.#fd, this.#address);
    return result < 0 ? errnoName(result) : undefined;
  }

  peer(): Peer {
    return readPeerCredentials(this.#fd, this.#shown);
  }

  take(): Socket {
    const socket = new Socket({ fd: this.#fd, readable: true, writable: true });
    this.#fd = -1;
    return socket.pause();
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}
