import type { ConnectionError } from '../http2/connection-error.js';
import type { Peer } from '../socket/peer.js';
import { connectionEnd } from '../transport/connection-end.js';
import { serverEvents } from './server-events.js';

/** Tells of the end of one client's connection. */
export class ConnectionRecord {
  readonly #peer: Peer;
  readonly #since = performance.now();
  #farewell = false;
  #draining = false;
  #error: ConnectionError | undefined;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** The client has sent a GOAWAY. */
  goaway(): void {
    this.#farewell = true;
  }

  /** The client was told to leave: that it does is no event of its own. */
  draining(): void {
    this.#draining = true;
  }

  /** The connection is over. */
  ended(error: ConnectionError | undefined): void {
    this.#error = error;
  }

  /** The byte stream is closed. */
  closed(): void {
    const { disconnected } = serverEvents;
    if (!disconnected.hasSubscribers) return;
    const { error, ...end } = connectionEnd('server', this.#error, this.#farewell);
    const reason = this.#draining && error === undefined ? 'the server shut down' : end.reason;
    disconnected.publish({ peer: this.#peer, reason, error, durationMs: performance.now() - this.#since });
  }
}
