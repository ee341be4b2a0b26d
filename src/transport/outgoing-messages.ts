import type { Http2Stream } from '../http2/stream.js';
import type { Transport } from './transport.js';

/** The messages that one side of a call sends, at the pace of the peer's windows and of the socket. */
export class OutgoingMessages {
  readonly #transport: Transport;
  readonly #stream: Http2Stream;
  #resume: (() => void) | undefined;

  constructor(transport: Transport, stream: Http2Stream) {
    this.#transport = transport;
    this.#stream = stream;
  }

  /**
   * Sends one framed message.
   *
   * @returns undefined when the next one may follow at once, else a promise for the moment when it may. It is also
   * resolved when the call ends, and never rejected.
   */
  send(frame: Uint8Array, endStream: boolean): Promise<void> | undefined {
    if (this.#stream.sendData(frame, endStream)) return this.#transport.spendTurn(frame.length);
    return this.#untilWritable();
  }

  /**
   * Too much waits already for a peer that does not let it in: whoever has another answer of `octets` must not keep it
   * encoded, or one answer that many calls share would be in memory once for each.
   *
   * @returns undefined when it can be sent, else a promise, never rejected, for when to try again or the connection ended.
   */
  roomFor(octets: number): Promise<void> | undefined {
    return this.#transport.connection.hasRoom(this.#stream, octets) ? undefined : this.#untilRelieved();
  }

  #untilRelieved(): Promise<void> {
    return new Promise((resolve) => this.#transport.connection.whenRelieved(resolve));
  }

  /** In a method of its own: a closure in `send` costs each call memory for what it might capture. */
  #untilWritable(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  /** The stream's queue is empty, or the call is over. */
  resume(): void {
    this.#resume?.();
    this.#resume = undefined;
  }
}
