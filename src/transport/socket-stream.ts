import type { Socket } from 'node:net';
import type { ByteStream, ByteStreamReceiver } from './byte-stream.js';
import { readInPlace } from './read-in-place.js';

/** A connected Unix socket as a byte stream. The socket belongs to it from then on. */
export class SocketStream implements ByteStream {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  start(receiver: ByteStreamReceiver): void {
    const socket = this.#socket;
    let failure: Error | undefined;
    const onBytes = (bytes: Uint8Array): void => receiver.onBytes(bytes);
    readInPlace(socket, onBytes);
    socket.on('data', onBytes);
    socket.on('error', (error) => {
      failure = error;
    });
    // A peer that shuts down one direction is gone: gRPC ends streams, not sockets.
    socket.on('end', () => socket.destroy());
    socket.on('close', () => receiver.onClose(failure));
    socket.resume();
  }

  write(chunks: Uint8Array[], done: () => void): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    const last = chunks.length - 1;
    if (last > 0) socket.cork();
    for (let index = 0; index < last; index++) socket.write(chunks[index]);
    socket.write(chunks[last], (error) => {
      if (!error) done();
    });
    if (last > 0) socket.uncork();
  }

  end(): void {
    // Reading goes on until the peer has ended too. A socket that is closed at once fails the peer's next write, and with
    // that the peer's kernel may drop our last words unread.
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  setReferenced(referenced: boolean): void {
    if (referenced) this.#socket.ref();
    else this.#socket.unref();
  }
}
