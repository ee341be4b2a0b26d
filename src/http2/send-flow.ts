import { ConnectionError } from './connection-error.js';
import { ErrorCode } from './error-code.js';
import { MAX_INT31 } from './frame.js';
import type { FrameWriter } from './frame-writer.js';
import { initialSettings, type Settings } from './settings.js';
import type { Http2Stream } from './stream.js';

export interface SendFlowOptions {
  /** Octets of output above which DATA waits in its stream. */
  readonly outputLimit: number;
  /** Its limit is also that of the octets that wait to be sent. */
  readonly budget: { readonly limit: number };
}

/** A DATA frame carries at most this much, so that a large message does not keep the others waiting. */
const DATA_FRAME_LIMIT = 64 * 1024;

/** One stream's share before the next blocked stream has its turn. */
const QUANTUM = 64 * 1024;

/**
 * What this side may send: flow control (RFC 9113 section 5.2) in the direction of the peer, and the order in which streams
 * with queued DATA go on.
 */
export class SendFlow {
  /** The socket does not take more. */
  congested = false;

  readonly #options: SendFlowOptions;
  readonly #peerSettings: Readonly<Settings>;
  readonly #writer: FrameWriter;
  readonly #onSent: (stream: Http2Stream, end: boolean) => void;
  /** Streams with queued DATA that wait for the connection's window or the socket, not for their own window. */
  readonly #blocked = new Set<Http2Stream>();
  #window = initialSettings.initialWindowSize;
  /** Octets of DATA that wait in the streams. */
  #queued = 0;
  #waiting: (() => void)[] = [];

  /** @param onSent hears of each DATA frame, and whether it ended this side of its stream. */
  constructor(
    options: SendFlowOptions,
    peerSettings: Readonly<Settings>,
    writer: FrameWriter,
    onSent: (stream: Http2Stream, end: boolean) => void,
  ) {
    this.#options = options;
    this.#peerSettings = peerSettings;
    this.#writer = writer;
    this.#onSent = onSent;
  }

  /**
   * Writes as much of `payload` from `from` on as the windows and the output limit allow, at most `most` octets.
   *
   * @returns the offset of the first octet that was not written.
   */
  write(stream: Http2Stream, payload: Uint8Array, from: number, endStream: boolean, most: number): number {
    const frameLimit = Math.min(this.#peerSettings.maxFrameSize, DATA_FRAME_LIMIT);
    const stop = from + most;
    let at = from;
    do {
      if (this.#outputIsFull) return at;
      const left = payload.length - at;
      // The stream's window may be negative (RFC 9113 section 6.9.2); no octets need no window.
      const count = Math.min(left, frameLimit, stop - at, Math.max(stream.sendWindow, 0), this.#window);
      if (count === 0 && (left > 0 || !endStream)) return at;
      const end = endStream && count === left;
      this.#writer.data(stream.id, payload, at, at + count, end, frameLimit);
      at += count;
      stream.sendWindow -= count;
      this.#window -= count;
      this.#onSent(stream, end);
    } while (at < payload.length);
    return at;
  }

  get #outputIsFull(): boolean {
    return this.congested || this.#writer.output.length >= this.#options.outputLimit;
  }

  /** Remembers a stream with a queue. One that waits for its own window is woken when that is credited. */
  block(stream: Http2Stream): void {
    if (stream.sendWindow > 0 || stream.queuedLength === 0) this.#blocked.add(stream);
  }

  /** The stream is gone. */
  forget(stream: Http2Stream): void {
    this.#blocked.delete(stream);
  }

  /** The connection is over. */
  close(): void {
    this.#blocked.clear();
    this.#relieve();
  }

  /** So many octets more wait in a stream; fewer, when negative. */
  queued(octets: number): void {
    this.#queued += octets;
    // Not for each octet: whoever waits has to look again, and may have to wait again.
    if (this.#waiting.length > 0 && this.#queued * 2 < this.#options.budget.limit) this.#relieve();
  }

  /**
   * Whether a message of `octets` can be sent now, or wait in its stream without more than the limit waiting for a peer that
   * does not let it in. One message may always wait.
   */
  hasRoom(stream: Http2Stream, octets: number): boolean {
    if (this.#queued === 0 || this.#queued + octets <= this.#options.budget.limit) return true;
    return !this.#outputIsFull && stream.queuedLength === 0 && octets <= Math.min(stream.sendWindow, this.#window);
  }

  /** Calls `relieved` once when much of what waits has gone, or the connection is over. */
  whenRelieved(relieved: () => void): void {
    this.#waiting.push(relieved);
  }

  #relieve(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const relieved of waiting) relieved();
  }

  /** Gives every blocked stream a share, again and again, until the windows or the output limit stop it. */
  resume(): void {
    if (this.#blocked.size === 0) return;
    // A set that is looked through shows what is added meanwhile: a stream that goes behind the others comes again.
    for (const stream of this.#blocked) {
      if (this.#outputIsFull) return;
      // Without a window only the end of a stream can be sent.
      if (this.#window <= 0 && stream.queuedLength > 0) continue;
      // The rest of a message that is little larger than a share goes with it, and one that the output limit stops is the
      // next to go on: a thousand begun messages, each without its last octets, would fill the peer's memory.
      const nearlyDone = stream.queuedLength <= 2 * QUANTUM;
      if (stream.flush(nearlyDone ? Number.POSITIVE_INFINITY : QUANTUM)) {
        this.#blocked.delete(stream);
        stream.handler?.onWritable(stream);
      } else if (!(nearlyDone && this.#outputIsFull)) {
        this.#blocked.delete(stream);
        this.block(stream);
      }
    }
  }

  /**
   * WINDOW_UPDATE of the connection.
   *
   * @throws ConnectionError when that makes the window wider than it may be.
   */
  credit(octets: number): void {
    this.#window += octets;
    if (this.#window > MAX_INT31) {
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "the connection's window passed 2^31-1");
    }
    this.resume();
  }

  /** WINDOW_UPDATE of a stream. @returns false when that makes the window wider than it may be. */
  creditStream(stream: Http2Stream, octets: number): boolean {
    stream.sendWindow += octets;
    if (stream.sendWindow > MAX_INT31) return false;
    if (stream.queuedLength > 0 && !this.#blocked.has(stream)) {
      this.block(stream);
      this.resume();
    }
    return true;
  }

  /**
   * The peer changed its initial window, which changes that of every open stream (RFC 9113 section 6.9.2).
   *
   * @throws ConnectionError when that makes a window wider than it may be.
   */
  changeWindows(streams: Iterable<Http2Stream>, change: number): void {
    for (const stream of streams) {
      stream.sendWindow += change;
      if (stream.sendWindow > MAX_INT31) {
        throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "SETTINGS made a stream's window pass 2^31-1");
      }
      if (stream.queuedLength > 0) this.block(stream);
    }
  }
}
