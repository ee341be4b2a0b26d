import { connect } from 'node:http2';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

type StreamSocket = new (stream: Duplex) => Socket;

let streamSocket: StreamSocket | undefined;

/**
 * A `net.Socket` around `duplex` that says `remoteAddress` is `name`: grpc-js asks the socket of a session who its peer is.
 *
 * node:http2 wraps a stream that is no socket in a class of its own, behind which properties of the stream are not seen.
 * The same class is used here, one step earlier.
 */
export function namedSocket(duplex: Duplex, name: string): Socket {
  streamSocket ??= findStreamSocket();
  const socket = new streamSocket(duplex);
  Object.defineProperty(socket, 'remoteAddress', { value: name });
  return socket;
}

/** The class has no public name; a session shows it as the class of its socket (Node 20 to 26). */
function findStreamSocket(): StreamSocket {
  const session = connect('http://localhost', {
    createConnection: () => new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }),
  });
  const prototype = Object.getPrototypeOf(session.socket) as { readonly constructor: StreamSocket };
  session.destroy();
  return prototype.constructor;
}
