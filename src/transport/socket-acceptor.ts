import type { Endpoint } from '../endpoint/endpoint.js';
import { Http2Connection } from '../http2/connection.js';
import type { ConnectionHandler } from '../http2/connection-handler.js';
import { ErrorCode } from '../http2/error-code.js';
import { ReceiveBudget } from '../http2/receive-budget.js';
import type { ListenOptions } from '../socket/listen-options.js';
import { listenSocket, type SocketListener } from '../socket/socket-listener.js';
import type { Connection } from './connector.js';
import { http2Limits, type ServerLimits } from './limits.js';
import { SocketStream } from './socket-stream.js';

/**
 * How long a refused connection stays open, in milliseconds. A peer that writes to a closed socket may lose what it has not
 * read of the reason; most write once, when they have just connected.
 */
const REFUSAL_LINGER = 250;

/** Listens on a Unix socket and hands over the peers that were let in; the others are told why they were not. */
export function acceptSockets(
  endpoint: Endpoint,
  options: ListenOptions,
  limits: ServerLimits,
  events: { onConnection(connection: Connection): void; onError(error: Error): void },
): Promise<SocketListener> {
  return listenSocket(endpoint, options, {
    onConnection: (socket, peer) => events.onConnection({ stream: new SocketStream(socket), peer }),
    onRefused: (socket, _peer, reason, cause) => {
      const timer = setTimeout(() => socket.destroy(), REFUSAL_LINGER);
      socket.on('error', () => {});
      socket.on('close', () => clearTimeout(timer));
      // The socket stays paused: nothing that the peer sent is read.
      socket.end(refusal(limits, reason, cause));
    },
    onError: events.onError,
  });
}

/** SETTINGS, because HTTP/2 begins so, and a GOAWAY that says that no stream was or will be taken. */
function refusal(limits: ServerLimits, reason: string, cause: 'policy' | 'limit'): Uint8Array {
  const handler: ConnectionHandler = {
    onOutput() {},
    onStream() {},
    onSettings() {},
    onStreamClosed() {},
    onGoaway() {},
    onPingAcknowledged() {},
    onEnd() {},
  };
  const budget = new ReceiveBudget(limits.maxBufferedPerConnection);
  const connection = new Http2Connection({ role: 'server', ...http2Limits(limits), outputLimit: 1, budget }, handler);
  connection.start(0);
  // What a limit forbids may be allowed later: the client goes on trying.
  const code = cause === 'policy' ? ErrorCode.INADEQUATE_SECURITY : ErrorCode.ENHANCE_YOUR_CALM;
  connection.close(code, `podwire: ${reason}`);
  return Buffer.concat(connection.takeOutput().chunks);
}
