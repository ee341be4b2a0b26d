import type { ByteStream, ByteStreamReceiver } from './byte-stream.js';

/** One end of a pair of byte streams inside this process. Delivery happens in a later turn of the event loop, as with a socket. */
class MemoryStream implements ByteStream {
  peer!: MemoryStream;
  #receiver: ByteStreamReceiver | undefined;
  #closed = false;

  start(receiver: ByteStreamReceiver): void {
    this.#receiver = receiver;
  }

  write(chunks: Uint8Array[], done: () => void): void {
    if (this.#closed) return;
    setImmediate(() => {
      if (this.#closed) return;
      for (const chunk of chunks) this.peer.#deliver(chunk);
      done();
    });
  }

  end(): void {
    setImmediate(() => this.destroy());
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    setImmediate(() => {
      this.#receiver?.onClose(undefined);
      this.peer.destroy();
    });
  }

  setReferenced(): void {
    // Nothing outside the process is waited for.
  }

  #deliver(chunk: Uint8Array): void {
    if (!this.#closed) this.#receiver?.onBytes(chunk);
  }
}

/** Two byte streams, each the other's peer, for tests and calls within one process. */
export function memoryStreamPair(): [ByteStream, ByteStream] {
  const left = new MemoryStream();
  const right = new MemoryStream();
  left.peer = right;
  right.peer = left;
  return [left, right];
}
