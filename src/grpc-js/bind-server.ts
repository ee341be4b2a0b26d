import { type Server, ServerCredentials } from '@grpc/grpc-js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { parseEndpoint } from '../endpoint/parse-endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import { ServerListener } from '../server/server-listener.js';
import type { ListenOptions } from '../socket/listen-options.js';
import type { KeepaliveOptions } from '../transport/keepalive.js';
import { type Limits, resolveLimits } from '../transport/limits.js';
import { acceptSockets } from '../transport/socket-acceptor.js';
import { RelayedConnection } from './relayed-connection.js';
import { watchShutdown } from './shutdown-watch.js';

export interface BindServerOptions extends ListenOptions {
  /** What each client is allowed on the socket; message sizes are the grpc-js server's own options. */
  readonly limits?: Partial<Limits>;
  /** Pings to clients that are silent. Default: off. */
  readonly keepalive?: KeepaliveOptions;
}

/**
 * Lets a grpc-js server answer on a podwire endpoint: calls with any `:authority` are taken, peers are checked by
 * `allowPeer`, and `call.getPeer()` says who calls (`peerOf(call)` as an object).
 *
 * The listener's `close` stops taking connections and frees the address; open ones go on. `server.tryShutdown` and
 * `forceShutdown` close the listener too; the former waits until the answers have gone to the clients.
 *
 * Rejects as `Server.listen` of podwire does: EndpointError, SocketError; RangeError or TypeError for limits that do not fit.
 */
export async function bindServer(
  server: Server,
  endpoint: string | Endpoint,
  options: BindServerOptions = {},
): Promise<ServerListener> {
  const parsed = parseEndpoint(endpoint);
  const limits = resolveLimits(options.limits);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const connections = new Set<RelayedConnection>();
  let stopWatching = (): void => {};
  let closed = false;
  const release = (): void => {
    if (!closed || connections.size > 0) return;
    stopWatching();
    injector.destroy();
  };
  const relay = {
    limits,
    keepalive: options.keepalive,
    inject: injector.injectConnection,
    onClosed: (connection: RelayedConnection) => {
      connections.delete(connection);
      release();
    },
  };
  const onClosed = (): void => {
    closed = true;
    release();
  };
  try {
    const socketListener = await acceptSockets(parsed, options, limits, {
      onConnection: (connection) => connections.add(new RelayedConnection(connection, relay)),
      onError: (error) => process.emitWarning(`accepting on ${printEndpoint(parsed)} failed: ${error.message}`),
    });
    const listener = new ServerListener(socketListener, onClosed);
    stopWatching = watchShutdown(injector.injectConnection, () => {
      void listener.close();
      // grpc-js does not look after connections that came in since.
      for (const connection of connections) connection.drain('the server is shutting down');
    });
    return listener;
  } catch (error) {
    onClosed();
    throw error;
  }
}
