import type { PayloadMemory } from './payload-memory.js';
import type { StreamHandler } from './stream-handler.js';

/** What a stream asks of its connection. */
export interface StreamConnection extends PayloadMemory {
  writeHeaders(stream: Http2Stream, fields: readonly string[], endStream: boolean): void;
  writeData(stream: Http2Stream, payload: Uint8Array, from: number, endStream: boolean, most: number): number;
  block(stream: Http2Stream): void;
  queued(octets: number): void;
  resetStream(stream: Http2Stream, errorCode: number): void;
  widen(stream: Http2Stream, octets: number): void;
  release(stream: Http2Stream, octets: number): void;
}

/**
 * One stream of a connection, RFC 9113 section 5.1. "Local" is this side. The states of the RFC are the combinations of
 * `localClosed` and `remoteClosed`; a stream with both is closed and forgotten by its connection.
 */
export class Http2Stream {
  readonly id: number;
  readonly #connection: StreamConnection;

  /** Who is told about this stream. */
  handler: StreamHandler | undefined;

  localClosed = false;
  remoteClosed = false;
  /** The peer's header section (on a client the final one, not 1xx) has come: the next one is trailers. */
  headersReceived = false;
  /** The header section that came was over the advertised list size and is incomplete. */
  headerListTooLarge = false;

  /** Octets of DATA that the peer allows; negative after it lowered its initial window (RFC 9113 section 6.9.2). */
  sendWindow: number;
  /** Octets of DATA that the peer may still send. */
  receiveWindow: number;
  /** Octets of the present DATA frame that are still to come. */
  arriving = 0;
  /** Octets of DATA that wait in memory on this side. */
  held = 0;
  /** Octets that were read and that the peer may send again, not announced yet. */
  uncredited = 0;
  /** Octets that the window is wider than usual, for a message that is larger than it. */
  extended = 0;
  /** Octets by which the window has to be wider as soon as the budget allows. */
  wanted = 0;
  /** Octets that the budget counts although they have not come: `arriving`, and the rest of a message that may come whole. */
  counted = 0;

  /** Reset the stream when this side has sent all: the rest of what the peer sends is of no use. */
  resetWhenSent = false;

  /** What `content-length` says is still to come; NaN when nothing was said. */
  expectedLength = Number.NaN;

  #queue: Uint8Array[] = [];
  #queueOffset = 0;
  #queuedLength = 0;
  #queuedEnd = false;
  #queuedTrailers: readonly string[] | undefined;

  constructor(connection: StreamConnection, id: number, sendWindow: number, receiveWindow: number) {
    this.#connection = connection;
    this.id = id;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
  }

  get closed(): boolean {
    return this.localClosed && this.remoteClosed;
  }

  /** Octets that wait for a window, or for the socket. */
  get queuedLength(): number {
    return this.#queuedLength;
  }

  /** Sends a header section. With `endStream` it goes out behind all queued data. */
  sendHeaders(fields: readonly string[], endStream: boolean): void {
    if (this.localClosed || this.#queuedEnd) return;
    if (endStream && this.#queue.length > 0) {
      this.#queuedTrailers = fields;
      this.#queuedEnd = true;
      return;
    }
    this.#connection.writeHeaders(this, fields, endStream);
  }

  /**
   * Sends octets as DATA, now as far as the windows allow, the rest when they open; `onWritable` tells when nothing is
   * queued any more. The memory of `payload` must not change until the `PayloadMemory` of the connection has it back, if it is its.
   *
   * @returns true when nothing had to be queued.
   */
  sendData(payload: Uint8Array, endStream: boolean): boolean {
    if (this.localClosed || this.#queuedEnd) return true;
    let from = 0;
    if (this.#queue.length === 0) {
      from = this.#connection.writeData(this, payload, 0, endStream, Number.POSITIVE_INFINITY);
      if (from === payload.length && (payload.length > 0 || this.localClosed || !endStream)) return true;
    }
    if (this.#queue.length === 0) this.#queueOffset = from;
    this.#connection.keep(payload);
    this.#queue.push(payload);
    this.#countQueued(payload.length - (this.#queue.length === 1 ? from : 0));
    this.#queuedEnd = endStream;
    this.#connection.block(this);
    return false;
  }

  /** Sends what is queued, at most `most` octets of it. @returns true when nothing is left. */
  flush(most: number): boolean {
    let left = most;
    while (this.#queue.length > 0) {
      const payload = this.#queue[0];
      const last = this.#queue.length === 1;
      const endStream = last && this.#queuedEnd && this.#queuedTrailers === undefined;
      const from = this.#queueOffset;
      const to = this.#connection.writeData(this, payload, from, endStream, left);
      // The end of the stream may have been the last word; then there is no queue any more.
      if (this.localClosed) {
        this.discardQueue();
        return true;
      }
      this.#queueOffset = to;
      this.#countQueued(from - to);
      left -= to - from;
      if (to < payload.length || endStream) return false;
      this.#queue.shift();
      this.#connection.letGo(payload);
      this.#queueOffset = 0;
    }
    if (this.#queuedTrailers !== undefined) this.#connection.writeHeaders(this, this.#queuedTrailers, true);
    return true;
  }

  /** Throws away what is queued; the connection calls it when the stream ends early. */
  discardQueue(): void {
    this.#queuedTrailers = undefined;
    if (this.#queue.length === 0) return;
    for (const payload of this.#queue) this.#connection.letGo(payload);
    this.#queue = [];
    this.#queueOffset = 0;
    this.#countQueued(-this.#queuedLength);
  }

  #countQueued(octets: number): void {
    this.#queuedLength += octets;
    this.#connection.queued(octets);
  }

  /**
   * Ends this side with trailers (or, with a header section that has not been sent, with that) behind all queued data, and
   * asks the peer not to send on, RFC 9113 section 8.1.
   */
  finish(fields: readonly string[]): void {
    this.resetWhenSent = true;
    this.sendHeaders(fields, true);
  }

  /** Ends the stream in both directions with RST_STREAM. The handler hears nothing more. */
  reset(errorCode: number): void {
    this.#connection.resetStream(this, errorCode);
  }

  /** Makes sure that the peer can send `octets` more, which an unfinished message needs, as soon as the budget allows. */
  require(octets: number): void {
    if (octets > this.receiveWindow + this.arriving) this.#connection.widen(this, octets);
  }

  /** Says that `octets` of delivered DATA no longer wait in memory, and lets the peer send as many again. */
  release(octets: number): void {
    if (octets > 0) this.#connection.release(this, octets);
  }
}
