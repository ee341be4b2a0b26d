import type { RequestCounters } from '../server/request-counters.js';
import { ServerListener } from '../server/server-listener.js';
import type { SocketListener } from '../socket/socket-listener.js';
import type { RelayedConnections } from './relayed-connections.js';

/** An address on which a grpc-js server takes connections. `close` and `[Symbol.asyncDispose]` let open ones go on. */
export class BoundListener extends ServerListener {
  readonly #connections: RelayedConnections;

  constructor(socketListener: SocketListener, connections: RelayedConnections, requests: RequestCounters) {
    super(socketListener, requests, () => connections.noMore());
    this.#connections = connections;
  }

  /**
   * Stops taking connections and calls, without losing one, and resolves when the open calls are done and all answers have
   * gone to the clients. The way to shut down without loss: with Node 24 and later `server.tryShutdown` does not wait for
   * connections that it did not accept itself.
   */
  async drain(): Promise<void> {
    await Promise.all([this.close(), this.#connections.drain()]);
  }
}
