import { ConnectionError } from './connection-error.js';
import { ErrorCode } from './error-code.js';
import type { FrameWriter } from './frame-writer.js';
import type { ReceiveBudget, WideMessage } from './receive-budget.js';
import { initialSettings } from './settings.js';
import type { Http2Stream } from './stream.js';

export interface ReceiveFlowOptions {
  /** Octets that may be on their way, for a stream and for the whole connection. */
  readonly streamWindow: number;
  readonly connectionWindow: number;
  /** Counts received octets that wait in memory. */
  readonly budget: ReceiveBudget;
}

/** The connection that has the streams. */
export interface ReceiveFlowOwner {
  /** Milliseconds, in the clock of all connections. */
  readonly now: number;
  /** There is something to send. */
  onOutput(): void;
  /** A message of this stream does not come, and others wait for its room: ends it. */
  giveWay(stream: Http2Stream): void;
}

/**
 * What the peer may send: flow control (RFC 9113 section 5.2) in the direction of this side.
 *
 * The connection's window is credited on receipt, because one unread stream must not block the others. A stream's window is
 * credited when its octets were read. For every stream `receiveWindow + arriving + held + uncredited` is the usual window
 * plus `extended`.
 */
export class ReceiveFlow {
  readonly #options: ReceiveFlowOptions;
  readonly #budget: ReceiveBudget;
  readonly #writer: FrameWriter;
  readonly #streams: { readonly size: number };
  readonly #owner: ReceiveFlowOwner;
  /** Streams that wait for a wider window, in the order in which they asked. */
  #withheld: Set<Http2Stream> | undefined;
  /** Streams whose windows are wider, and what the budget knows of their messages. */
  #wide: Map<Http2Stream, WideMessage> | undefined;
  readonly #relieved = () => this.#widenNext();
  #connectionWindow: number;
  #connectionUncredited = 0;
  #initialWindow: number;
  #closed = false;

  /** @param streams the open ones: each may use its usual window at any time */
  constructor(
    options: ReceiveFlowOptions,
    writer: FrameWriter,
    streams: { readonly size: number },
    owner: ReceiveFlowOwner,
  ) {
    this.#options = options;
    this.#budget = options.budget;
    this.#writer = writer;
    this.#streams = streams;
    this.#owner = owner;
    this.#connectionWindow = options.connectionWindow;
    // Until the peer has our SETTINGS it works with the initial value.
    this.#initialWindow = Math.max(options.streamWindow, initialSettings.initialWindowSize);
  }

  /** The receive window of a new stream. */
  get initialWindow(): number {
    return this.#initialWindow;
  }

  /** The peer has our SETTINGS: what is narrower than the initial value holds from now on (RFC 9113 section 6.9.2). */
  settingsAcknowledged(streams: Iterable<Http2Stream>): void {
    const surplus = this.#initialWindow - this.#options.streamWindow;
    if (surplus === 0) return;
    this.#initialWindow -= surplus;
    for (const stream of streams) stream.receiveWindow -= surplus;
  }

  /**
   * A DATA frame of `length` octets begins, whatever its stream.
   *
   * @throws ConnectionError when it is beyond the connection's window.
   */
  receive(length: number): void {
    if (length > this.#connectionWindow) {
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "DATA beyond the connection's window");
    }
    this.#connectionWindow -= length;
    this.#connectionUncredited += length;
    if (this.#connectionUncredited * 2 < this.#options.connectionWindow) return;
    this.#writer.windowUpdate(0, this.#connectionUncredited);
    this.#connectionWindow += this.#connectionUncredited;
    this.#connectionUncredited = 0;
    this.#owner.onOutput();
  }

  /** That frame is of `stream`: counts it. @returns what forbids it. */
  admit(stream: Http2Stream, length: number): 'beyond the window' | 'no room' | undefined {
    if (length === 0) return undefined;
    if (length > stream.receiveWindow) return 'beyond the window';
    const uncounted = stream.arriving + length - stream.counted;
    if (uncounted > 0) {
      if (this.#budget.isFullWith(uncounted)) return 'no room';
      this.#budget.add(uncounted);
      stream.counted += uncounted;
    }
    stream.receiveWindow -= length;
    stream.arriving += length;
    return undefined;
  }

  /** So many octets of the admitted frame are padding: nobody will read them. */
  padding(stream: Http2Stream, octets: number): void {
    stream.arriving -= octets;
    stream.counted -= octets;
    stream.uncredited += octets;
    this.#budget.remove(octets);
    this.#creditIfDue(stream);
  }

  /** So many octets of the admitted frame are handed to the stream's owner, who has them until `release`. */
  deliver(stream: Http2Stream, octets: number): void {
    stream.arriving -= octets;
    stream.counted -= octets;
    stream.held += octets;
  }

  /** The owner no longer has `octets` in memory: the peer may send as many again. */
  release(stream: Http2Stream, octets: number): void {
    stream.held -= octets;
    const narrowed = Math.min(octets, stream.extended);
    stream.uncredited += octets - narrowed;
    this.#budget.remove(octets);
    if (narrowed > 0) this.#narrow(stream, narrowed);
    if (!this.#closed) this.#creditIfDue(stream);
  }

  /**
   * Lets the rest of a message, `octets`, come in although it is larger than the window. The budget counts it from then on;
   * while that allows no more such messages, streams wait in the order in which they asked.
   */
  widen(stream: Http2Stream, octets: number): void {
    if (this.#closed || stream.remoteClosed) return;
    if (stream.uncredited > 0) this.#credit(stream);
    const wanted = octets - stream.arriving - stream.receiveWindow;
    if (wanted <= 0) return;
    stream.wanted = wanted;
    (this.#withheld ??= new Set()).add(stream);
    this.#widenNext();
  }

  /** The peer sends nothing more on the stream. What its owner holds stays counted. May be called twice. */
  ended(stream: Http2Stream): void {
    this.#withheld?.delete(stream);
    if (stream.counted > 0) this.#budget.remove(stream.counted);
    stream.counted = stream.arriving = stream.wanted = 0;
    // What did not come cannot be released.
    if (stream.extended > stream.held) this.#narrow(stream, stream.extended - stream.held);
  }

  /** The connection is over; `ended` and `release` still have to be called for its streams. */
  close(): void {
    this.#closed = true;
    this.#withheld = undefined;
    this.#budget.forget(this.#relieved);
  }

  #widenNext(): void {
    const withheld = this.#withheld;
    if (withheld === undefined) return;
    for (const stream of withheld) {
      const others = this.#streams.size * this.#options.streamWindow;
      const allowed = this.#budget.allowsWideMessage(stream.wanted, others);
      const stalled = allowed ? undefined : this.#budget.stalledMessages(stream.wanted, this.#owner.now);
      if (!allowed && stalled === undefined) {
        this.#budget.whenRelieved(this.#relieved);
        return;
      }
      withheld.delete(stream);
      const { wanted } = stream;
      stream.wanted = 0;
      if (stream.extended === 0) this.#beginWide(stream);
      stream.extended += wanted;
      stream.receiveWindow += wanted;
      // All that may come is counted now, so that this message is not refused half-way.
      const uncounted = stream.receiveWindow + stream.arriving - stream.counted;
      this.#budget.add(uncounted);
      stream.counted += uncounted;
      this.#writer.windowUpdate(stream.id, wanted);
      this.#owner.onOutput();
      // Only now: whoever else waits would have taken the room.
      if (stalled !== undefined) for (const message of stalled) message.giveWay();
    }
  }

  #beginWide(stream: Http2Stream): void {
    const { now: since } = this.#owner;
    const message: WideMessage = {
      since,
      get missing() {
        return stream.counted - stream.arriving;
      },
      giveWay: () => this.#owner.giveWay(stream),
    };
    (this.#wide ??= new Map()).set(stream, message);
    this.#budget.beginWideMessage(message);
  }

  #narrow(stream: Http2Stream, octets: number): void {
    stream.extended -= octets;
    if (stream.extended > 0) return;
    this.#budget.endWideMessage(this.#wide?.get(stream));
    this.#wide?.delete(stream);
  }

  #creditIfDue(stream: Http2Stream): void {
    if (stream.uncredited * 2 >= this.#options.streamWindow && !stream.remoteClosed) this.#credit(stream);
  }

  #credit(stream: Http2Stream): void {
    this.#writer.windowUpdate(stream.id, stream.uncredited);
    stream.receiveWindow += stream.uncredited;
    stream.wanted = Math.max(0, stream.wanted - stream.uncredited);
    stream.uncredited = 0;
    this.#owner.onOutput();
  }
}
