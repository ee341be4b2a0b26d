import { Http2Connection } from '../http2/connection.js';
import type { ConnectionError } from '../http2/connection-error.js';
import type { ConnectionHandler } from '../http2/connection-handler.js';
import { ErrorCode } from '../http2/error-code.js';
import type { HeaderFields } from '../http2/hpack/header-fields.js';
import { ReceiveBudget } from '../http2/receive-budget.js';
import type { Settings } from '../http2/settings.js';
import type { Http2Stream } from '../http2/stream.js';
import { recycledMemory } from '../rpc/recycled-memory.js';
import type { ByteStream, ByteStreamReceiver } from './byte-stream.js';
import { Keepalive, type KeepaliveOptions } from './keepalive.js';
import { http2Limits, type Limits, processReceiveBudget, type ServerLimits } from './limits.js';

/**
 * When so many octets wait and more come, they are written before the turn of the event loop is over: the first ones soon,
 * so that the peer works while this side goes on (else 100 calls in flight are all here or all there), then twice as many
 * each time. The trailers of a longer message still go with it, if it is one frame of less than 64 KiB.
 */
const FIRST_FLUSH_LENGTH = 4 * 1024;
const LAST_FLUSH_LENGTH = 64 * 1024;

/** Octets that the socket has not taken, above which DATA waits in its stream. */
const CONGESTION_LENGTH = 256 * 1024;

/** Messages and octets that one connection sends before the event loop must have had a turn. */
const TURN_MESSAGES = 256;
const TURN_LENGTH = 512 * 1024;

/** How long a client may take to answer the PING of a drain before its streams are counted without it, in milliseconds. */
const DRAIN_ROUND_TRIP = 1_000;

/** How long the last bytes may take on their way to a peer that does not read, in milliseconds. */
const LINGER = 1_000;

/** What the owner of a transport, a server or a channel, is told. */
export interface TransportEvents {
  /** Server: a request arrived; the owner sets `stream.handler` or resets the stream. */
  onStream?(stream: Http2Stream, fields: HeaderFields, endStream: boolean): void;
  /** The handshake is done: the peer's first SETTINGS came. */
  onReady?(): void;
  /** Client: a stream ended, or the peer's stream limit changed: a waiting call may start. */
  onCapacity?(): void;
  /** The peer takes no new streams. */
  onGoaway?(errorCode: number, debugData: string): void;
  /** The connection is over. Called once; the byte stream may still send its last bytes. */
  onEnd?(error: ConnectionError | undefined): void;
  /** The byte stream is closed, nothing is left of the transport. */
  onClosed?(): void;
}

/**
 * One byte stream joined with one HTTP/2 connection: writes once or a few times a turn of the event loop, keeps the
 * connection's deadlines, and closes both.
 */
export class Transport implements ConnectionHandler, ByteStreamReceiver {
  readonly connection: Http2Connection;
  readonly limits: Limits;
  readonly #stream: ByteStream;
  readonly #events: TransportEvents;
  readonly #keepalive: Keepalive | undefined;

  #flushDue: NodeJS.Immediate | undefined;
  #flushLength = FIRST_FLUSH_LENGTH;
  /** What waited when output came last. */
  #waiting = 0;
  #inFlight = 0;
  #ready = false;
  #ending = false;
  /** The last words tell the peer why: it gets the time to read them. */
  #saysWhy = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  /** When `#timer` fires. It is not moved to a later moment: an idle connection has none after that. */
  #timerDue = Number.POSITIVE_INFINITY;
  #linger: NodeJS.Timeout | undefined;
  #drainTimer: NodeJS.Timeout | undefined;
  #turnMessages = 0;
  #turnLength = 0;
  #nextTurn: Promise<void> | undefined;
  #referenced = true;

  constructor(
    stream: ByteStream,
    options: { role: 'client' | 'server'; limits: Limits & Partial<ServerLimits>; keepalive?: KeepaliveOptions },
    events: TransportEvents,
  ) {
    this.#stream = stream;
    this.#events = events;
    this.limits = options.limits;
    this.connection = new Http2Connection(
      {
        role: options.role,
        ...http2Limits(options.limits),
        outputLimit: CONGESTION_LENGTH,
        budget: new ReceiveBudget(options.limits.maxBufferedPerConnection, processReceiveBudget),
        payloadMemory: recycledMemory,
      },
      this,
    );
    this.#keepalive = options.keepalive && new Keepalive(options.keepalive, this.connection);
  }

  /** Sends the preface and begins to read. */
  start(): void {
    this.connection.start(performance.now());
    this.#stream.start(this);
    this.#armTimer();
    this.#keepalive?.start();
  }

  /** No call is open. */
  get idle(): boolean {
    return this.connection.streamCount === 0;
  }

  /** Server: takes no more streams; the connection closes when the open ones are done. */
  drain(reason: string): void {
    const { connection } = this;
    if (connection.ended || connection.draining) return;
    connection.beginDrain(reason);
    this.#drainTimer = setTimeout(() => connection.finishDrain(), DRAIN_ROUND_TRIP);
    this.#drainTimer.unref();
  }

  /** Ends the connection with a GOAWAY that says why, after what is queued was written. */
  close(errorCode: number = ErrorCode.NO_ERROR, reason = ''): void {
    this.connection.close(errorCode, reason);
  }

  /** Ends it at once, without a word. */
  destroy(reason: string): void {
    this.connection.terminate(reason);
    this.#stream.destroy();
  }

  /**
   * Counts a message that is about to be sent.
   *
   * @returns undefined, or, when this turn of the event loop had its share, a promise for the next turn: an endless
   * producer must not keep cancels, windows and deadlines from being seen.
   */
  spendTurn(octets: number): Promise<void> | undefined {
    this.#turnLength += octets;
    if (++this.#turnMessages < TURN_MESSAGES && this.#turnLength < TURN_LENGTH) return undefined;
    return (this.#nextTurn ??= this.#untilNextTurn());
  }

  #untilNextTurn(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#turnMessages = this.#turnLength = 0;
        this.#nextTurn = undefined;
        resolve();
      });
    });
  }

  // -------------------------------------------------------------------------------------------- ByteStreamReceiver

  onBytes(chunk: Uint8Array): void {
    if (this.connection.ended) return;
    const now = performance.now();
    this.#keepalive?.received(now);
    this.connection.receive(chunk, now);
    this.#armTimer();
  }

  onClose(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    const how = error === undefined ? '' : ` (${error.message})`;
    this.connection.terminate(
      this.connection.role === 'client'
        ? `the connection to the server ended during the call${how}; the server may have begun it`
        : `the connection to the client ended during the call${how}`,
      error,
    );
    this.#clear();
    this.#events.onClosed?.();
  }

  // --------------------------------------------------------------------------------------------- ConnectionHandler

  onOutput(): void {
    this.#flushDue ??= setImmediate(this.#flushOfTurn);
    const { length } = this.connection.output;
    const due = this.#waiting >= this.#flushLength || length >= LAST_FLUSH_LENGTH;
    this.#waiting = length;
    if (!due || this.connection.congested) return;
    this.#flushLength = Math.min(this.#flushLength * 2, LAST_FLUSH_LENGTH);
    this.#flush();
  }

  onStream(stream: Http2Stream, fields: HeaderFields, endStream: boolean): void {
    this.#events.onStream?.(stream, fields, endStream);
  }

  onSettings(_settings: Readonly<Settings>): void {
    if (!this.#ready) {
      this.#ready = true;
      this.#events.onReady?.();
    }
    this.#events.onCapacity?.();
  }

  onStreamClosed(_stream: Http2Stream): void {
    this.#events.onCapacity?.();
  }

  onGoaway(_lastStreamId: number, errorCode: number, debugData: string): void {
    this.#events.onGoaway?.(errorCode, debugData);
  }

  onPingAcknowledged(): void {
    // Any byte counts as a sign of life, `onBytes` has told the keepalive.
  }

  onEnd(error: ConnectionError | undefined): void {
    this.#ending = true;
    this.#saysWhy = this.connection.role === 'server' || error?.remote === false;
    this.#keepalive?.stop();
    this.#events.onEnd?.(error);
    if (this.#closed) return;
    this.#linger = setTimeout(() => this.#stream.destroy(), LINGER);
    // In a turn of its own: the caller may be in the middle of a write.
    this.#flushDue ??= setImmediate(this.#flushOfTurn);
  }

  /** A client's idle connection does not keep its process alive. */
  setReferenced(referenced: boolean): void {
    if (this.#referenced === referenced || this.#closed) return;
    this.#referenced = referenced;
    this.#stream.setReferenced(referenced);
  }

  // -------------------------------------------------------------------------------------------------------- output

  readonly #flushOfTurn = (): void => {
    this.#flushDue = undefined;
    this.#flushLength = FIRST_FLUSH_LENGTH;
    this.#flush();
  };

  #flush(): void {
    if (this.#closed) return;
    this.#waiting = 0;
    const { connection } = this;
    const { length } = connection.output;
    // While the socket is congested new output gathers, so that it goes out as one write later.
    if (length > 0 && (!connection.congested || this.#ending)) {
      this.#inFlight += length;
      if (this.#inFlight >= CONGESTION_LENGTH) connection.congested = true;
      const { chunks, replies } = connection.takeOutput();
      this.#stream.write(chunks, () => this.#written(chunks, length, replies));
    }
    if (this.#ending) this.#finish();
  }

  /** Waits for the peer to have read why, see `SocketStream.end`; a client that has simply finished is gone at once. */
  #finish(): void {
    if (this.#saysWhy) this.#stream.end();
    else if (this.#inFlight === 0) this.#stream.destroy();
  }

  #written(chunks: readonly Uint8Array[], length: number, replies: number): void {
    for (const chunk of chunks) recycledMemory.letGo(chunk);
    this.#inFlight -= length;
    const { connection } = this;
    if (connection.ended) {
      if (connection.output.length === 0) this.#finish();
      return;
    }
    connection.outputDelivered(replies);
    if (connection.congested && this.#inFlight < CONGESTION_LENGTH / 2) {
      connection.congested = false;
      this.#flush();
    }
    connection.resumeOutput();
  }

  // -------------------------------------------------------------------------------------------------------- timers

  #armTimer(): void {
    const { nextTimeout } = this.connection;
    if (nextTimeout >= this.#timerDue) return;
    clearTimeout(this.#timer);
    this.#timerDue = nextTimeout;
    const delay = Math.max(1, Math.ceil(nextTimeout - performance.now()));
    this.#timer = setTimeout(() => {
      // The peer's bytes may already wait in the kernel when this process was held back: poll once before judging.
      setImmediate(() => {
        this.#timerDue = Number.POSITIVE_INFINITY;
        if (this.#closed) return;
        this.connection.handleTimeout(performance.now());
        this.#armTimer();
      });
    }, delay);
    this.#timer.unref();
  }

  #clear(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#linger);
    clearTimeout(this.#drainTimer);
    clearImmediate(this.#flushDue);
    this.#flushDue = undefined;
    this.#keepalive?.stop();
  }
}
