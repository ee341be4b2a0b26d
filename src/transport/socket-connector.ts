import type { Endpoint } from '../endpoint/endpoint.js';
import { Code } from '../rpc/code.js';
import { RpcError } from '../rpc/rpc-error.js';
import { type DialOptions, dialSocket } from '../socket/dial-socket.js';
import { SocketError } from '../socket/socket-error.js';
import type { Connector } from './connector.js';
import { SocketStream } from './socket-stream.js';

/** Dials a Unix socket. */
export function socketConnector(
  endpoint: Endpoint,
  options: Pick<DialOptions, 'timeoutMs' | 'allowServer' | 'protectedPath'>,
): Connector {
  return async (signal) => {
    try {
      const { socket, peer } = await dialSocket(endpoint, { ...options, signal });
      return { stream: new SocketStream(socket), peer };
    } catch (error) {
      throw dialError(error);
    }
  };
}

/** The one place where a dial's errno becomes a gRPC code: whatever a restarted server could mend is UNAVAILABLE. */
function dialError(error: unknown): unknown {
  if (!(error instanceof SocketError)) return error;
  // The message of a SocketError names its endpoint, which an RpcError does itself.
  const message = error.message.startsWith(`${error.endpoint}: `)
    ? error.message.slice(error.endpoint.length + 2)
    : error.message;
  return new RpcError(dialCode(error.code), message, { cause: error, endpoint: error.endpoint });
}

function dialCode(code: string): Code {
  switch (code) {
    case 'ERR_PODWIRE_PEER_REFUSED':
      return Code.PERMISSION_DENIED;
    case 'ERR_PODWIRE_UNSUPPORTED':
      return Code.UNIMPLEMENTED;
    default:
      return Code.UNAVAILABLE;
  }
}
