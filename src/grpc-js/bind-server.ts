import { type Server, ServerCredentials } from '@grpc/grpc-js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { parseEndpoint } from '../endpoint/parse-endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import { checkOptionNames, type OptionNames } from '../options/check-option-names.js';
import { RequestCounters } from '../server/request-counters.js';
import { type ListenOptions, listenOptionNames } from '../socket/listen-options.js';
import type { KeepaliveOptions } from '../transport/keepalive.js';
import { defaultServerLimits, resolveLimits, type ServerLimits } from '../transport/limits.js';
import { acceptSockets } from '../transport/socket-acceptor.js';
import { BoundListener } from './bound-listener.js';
import { RelayedConnections } from './relayed-connections.js';
import { watchShutdown } from './shutdown-watch.js';

/** Those of a server without what is a grpc-js server's own to say: message sizes, and how many handlers run. */
export type RelayLimits = Omit<ServerLimits, 'maxRunningHandlers' | 'maxReceiveMessageLength' | 'maxSendMessageLength'>;

const {
  maxRunningHandlers: _handlers,
  maxReceiveMessageLength: _received,
  maxSendMessageLength: _sent,
  ...defaultRelayLimits
} = defaultServerLimits;

export interface BindServerOptions extends ListenOptions {
  /** What each client is allowed on the socket. */
  readonly limits?: Partial<RelayLimits>;
  /** Pings to clients that are silent. Default: off. */
  readonly keepalive?: KeepaliveOptions;
}

const bindServerOptionNames: OptionNames<BindServerOptions> = {
  ...listenOptionNames,
  limits: defaultRelayLimits,
  keepalive: true,
};

/**
 * Lets a grpc-js server answer on a podwire endpoint: calls with any `:authority` are taken, peers are checked by
 * `allowPeer`, and `call.getPeer()` says who calls (`peerOf(call)` as an object).
 *
 * `drain()` of the listener shuts down without loss. `server.tryShutdown` and `forceShutdown` end its connections too, and it
 * stops listening then.
 *
 * Rejects as `Server.listen` of podwire does: EndpointError, SocketError; RangeError or TypeError for limits that do not fit.
 */
export async function bindServer(
  server: Server,
  endpoint: string | Endpoint,
  options: BindServerOptions = {},
): Promise<BoundListener> {
  if (typeof (server as Partial<Server> | undefined)?.createConnectionInjector !== 'function') {
    throw new TypeError('bindServer takes a grpc-js Server, 1.11 or newer: bindServer(new Server(), endpoint)');
  }
  const parsed = parseEndpoint(endpoint);
  checkOptionNames('bindServer', options, bindServerOptionNames);
  const { limits: overrides, keepalive, ...listenOptions } = options;
  const own = resolveLimits<RelayLimits>('bindServer', defaultRelayLimits, overrides);
  const limits = { ...defaultServerLimits, ...own };
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const inject = injector.injectConnection;
  let stopWatching = (): void => {};
  const requests = new RequestCounters();
  const connections = new RelayedConnections({ limits, keepalive, inject, requests }, () => {
    stopWatching();
    injector.destroy();
  });
  try {
    const socketListener = await acceptSockets(parsed, listenOptions, limits, {
      onConnection: (connection) => connections.add(connection),
      onError: (error) => process.emitWarning(`accepting on ${printEndpoint(parsed)} failed: ${error.message}`),
    });
    const listener = new BoundListener(socketListener, connections, requests);
    // Also for connections that came in since: grpc-js does not look after those.
    stopWatching = watchShutdown(inject, () => void listener.drain());
    return listener;
  } catch (error) {
    connections.noMore();
    throw error;
  }
}
