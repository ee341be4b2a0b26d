import { Duplex } from 'node:stream';
import type { ByteStream, ByteStreamReceiver } from '../transport/byte-stream.js';

/** Octets that node:http2 may leave unread before writing pauses. */
const READABLE_LENGTH = 256 * 1024;

/**
 * A byte stream to a session of node:http2 in this process: podwire has this end, grpc-js gets `duplex`, the other one.
 *
 * The transport on it does not end the stream: what the session said last may still be on its way to the real peer, and
 * grpc-js takes a closed session for a drained one. Its owner calls `close`.
 */
export class InjectedStream implements ByteStream {
  readonly duplex: Duplex;
  #receiver: ByteStreamReceiver | undefined;
  #unread: (() => void)[] = [];

  constructor() {
    this.duplex = new Duplex({
      readableHighWaterMark: READABLE_LENGTH,
      read: () => this.#resume(),
      // In a turn of its own: the session may write while the connection on this end is in the middle of a frame.
      write: (chunk: Buffer, _encoding, done) => process.nextTick(() => this.#deliver([chunk], done)),
      writev: (writes, done) =>
        process.nextTick(() => {
          const chunks = writes.map(({ chunk }) => chunk as Buffer);
          this.#deliver(chunks, done);
        }),
      final: (done) => {
        this.#over(undefined);
        done();
      },
      destroy: (error, done) => {
        this.#unread = [];
        this.#over(error ?? undefined);
        done(null);
      },
    });
  }

  /** Ends both directions; the session is closed then, whatever it was doing. */
  close(): void {
    this.duplex.destroy();
  }

  start(receiver: ByteStreamReceiver): void {
    this.#receiver = receiver;
  }

  write(chunks: Uint8Array[], done: () => void): void {
    // In a turn of its own, likewise: the session reads within `push`, and may end the stream in the middle of a call's start.
    process.nextTick(() => {
      if (this.duplex.destroyed) return;
      this.#unread.push(done);
      let wanted = true;
      for (const chunk of chunks) wanted = this.duplex.push(chunk);
      if (wanted) this.#resume();
    });
  }

  end(): void {}

  destroy(): void {}

  setReferenced(): void {
    // Nothing outside the process is waited for.
  }

  #resume(): void {
    if (this.#unread.length === 0) return;
    process.nextTick(() => {
      const unread = this.#unread;
      this.#unread = [];
      for (const done of unread) done();
    });
  }

  #deliver(chunks: Uint8Array[], done: () => void): void {
    for (const chunk of chunks) this.#receiver?.onBytes(chunk);
    done();
  }

  #over(error: Error | undefined): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.onClose(error);
  }
}
