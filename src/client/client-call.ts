import { ErrorCode } from '../http2/error-code.js';
import type { HeaderFields } from '../http2/hpack/header-fields.js';
import type { Http2Stream } from '../http2/stream.js';
import type { StreamFailure, StreamHandler } from '../http2/stream-handler.js';
import { Code } from '../rpc/code.js';
import type { CompiledMethod } from '../rpc/compile-service.js';
import { Metadata } from '../rpc/metadata.js';
import { requestHeader } from '../rpc/request-header.js';
import { parseResponseHeader } from '../rpc/response-header.js';
import { RpcError } from '../rpc/rpc-error.js';
import { parseTrailers, type RpcStatus } from '../rpc/trailer-status.js';
import { DeadlineTimer } from '../transport/deadline-timer.js';
import { failureStatus } from '../transport/failure-status.js';
import { IncomingMessages } from '../transport/incoming-messages.js';
import { OutgoingMessages } from '../transport/outgoing-messages.js';
import type { Transport } from '../transport/transport.js';
import type { CallOptions } from './call-options.js';

/** Sent messages that are kept until the server has begun to answer, so that a call it never saw can be made again, in octets. */
const REPLAY_LENGTH = 256 * 1024;

/** How often a call is made again after the server said that it had not looked at it. */
const TRANSPARENT_RETRIES = 3;

/** What a call needs of its channel. */
export interface ClientCallOwner {
  /** The endpoint as printed, for errors. */
  readonly address: string;
  readonly userAgent: string;
  readonly waitForReady: boolean;
  readonly compression: 'identity' | 'gzip';
  readonly maxReceiveMessageLength: number;
  /** Begins the call as soon as there is a connection with room for it. */
  place(call: ClientCall): void;
  /** The call ended before it was placed. */
  withdraw(call: ClientCall): void;
}

/** Hears what becomes of a call. */
export interface ClientCallObserver {
  /** A message is in `call.responses`. */
  onMessage?(): void;
  /** The call is over: `status` tells how. Called once. */
  onStatus(status: CallStatus): void;
}

/** How a call ended; `cause` is there when this side ended it. */
export interface CallStatus extends RpcStatus {
  readonly cause?: unknown;
}

/** One call on the client: waits for a connection, sends requests, takes responses, ends with exactly one status. */
export class ClientCall implements StreamHandler {
  readonly method: CompiledMethod;
  readonly waitForReady: boolean;
  readonly responses: IncomingMessages;
  readonly #owner: ClientCallOwner;
  readonly #options: CallOptions;
  readonly #observer: ClientCallObserver;
  readonly #metadata: Metadata | undefined;
  readonly #deadlineAt: number | undefined;
  #deadlineTimer: DeadlineTimer | undefined;
  #stream: Http2Stream | undefined;
  #requests: OutgoingMessages | undefined;
  /** Messages that were handed over and may have to be sent, or sent again. */
  #kept: Uint8Array[] | undefined = [];
  #keptLength = 0;
  #halfClosed = false;
  #retries = 0;
  #whenPlaced: (() => void) | undefined;
  #headerSeen = false;
  #ended = false;

  /** @throws TypeError for metadata or options that cannot be sent. */
  constructor(owner: ClientCallOwner, method: CompiledMethod, options: CallOptions, observer: ClientCallObserver) {
    this.#owner = owner;
    this.method = method;
    this.#options = options;
    this.#observer = observer;
    this.waitForReady = options.waitForReady ?? owner.waitForReady;
    const { metadata } = options;
    if (metadata !== undefined) this.#metadata = metadata instanceof Metadata ? metadata : new Metadata(metadata);
    this.responses = new IncomingMessages(method.responseType, 'response', owner.maxReceiveMessageLength);
    this.#deadlineAt = deadlineOf(options);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The encoding of request messages. */
  get encoding(): 'identity' | 'gzip' {
    return this.#options.compression ?? this.#owner.compression;
  }

  /** Begins the call, unless its time is over or its signal is aborted already. */
  start(): void {
    const { signal } = this.#options;
    if (signal?.aborted) return this.#cancelledBySignal();
    if (this.#deadlineAt !== undefined) {
      if (this.#deadlineAt <= performance.now()) return this.#deadlineExceeded();
      this.#deadlineTimer = new DeadlineTimer(this.#deadlineAt, this.#deadlineExceeded);
    }
    signal?.addEventListener('abort', this.#cancelledBySignal);
    this.#owner.place(this);
  }

  /** The channel has a connection with room for the call. */
  begin(transport: Transport): void {
    const kept = this.#kept ?? [];
    const fields = requestHeader({
      path: this.method.path,
      timeoutMs: this.#deadlineAt === undefined ? undefined : this.#deadlineAt - performance.now(),
      encoding: this.encoding,
      userAgent: this.#owner.userAgent,
      metadata: this.#metadata,
    });
    const stream = transport.connection.openStream(fields, false);
    this.#stream = stream;
    stream.handler = this;
    this.#requests = new OutgoingMessages(transport, stream);
    const last = kept.length - 1;
    for (let index = 0; index <= last; index++)
      void this.#requests.send(kept[index], this.#halfClosed && index === last);
    if (this.#halfClosed && last < 0) stream.sendData(new Uint8Array(0), true);
    this.#whenPlaced?.();
    this.#whenPlaced = undefined;
  }

  /**
   * Sends a framed message.
   *
   * @returns undefined when the next one may follow at once, else a promise, never rejected, for when it may or the call ended.
   */
  send(frame: Uint8Array, last: boolean): Promise<void> | undefined {
    if (this.#ended) return undefined;
    if (this.#kept !== undefined) {
      this.#kept.push(frame);
      this.#keptLength += frame.length;
      // The first message is kept whatever its size: it is the whole request of most methods.
      if (this.#requests !== undefined && this.#kept.length > 1 && this.#keptLength > REPLAY_LENGTH)
        this.#kept = undefined;
    }
    this.#halfClosed = last;
    if (this.#requests !== undefined) return this.#requests.send(frame, last);
    return new Promise((resolve) => {
      this.#whenPlaced = resolve;
    });
  }

  /** Says that no message follows. */
  halfClose(): void {
    if (this.#ended || this.#halfClosed) return;
    this.#halfClosed = true;
    this.#stream?.sendData(new Uint8Array(0), true);
  }

  /** Ends the call from this side. */
  cancel(code: Code, message: string, cause?: unknown): void {
    if (this.#ended) return;
    this.#stream?.reset(ErrorCode.CANCEL);
    this.#end({ code, message, details: [], metadata: Metadata.empty, cause }, false);
  }

  /** The channel cannot place the call. */
  fail(error: unknown): void {
    const { code, statusMessage } = RpcError.from(error, Code.UNAVAILABLE);
    this.cancel(code, statusMessage, error);
  }

  /** The error that a status other than OK is for the caller. */
  error({ code, message, details, metadata, cause }: CallStatus): RpcError {
    const { fullName: method } = this.method;
    const options = { details, metadata, method, endpoint: this.#owner.address };
    return new RpcError(code, message, cause === undefined ? options : { ...options, cause });
  }

  // ------------------------------------------------------------------------------------------------ StreamHandler

  onHeaders(stream: Http2Stream, fields: HeaderFields, endStream: boolean): void {
    if (stream.headerListTooLarge) {
      return this.cancel(Code.RESOURCE_EXHAUSTED, 'the metadata of the response is larger than this client allows');
    }
    this.#kept = undefined;
    if (endStream) return this.#trailersArrived(fields);
    const header = parseResponseHeader(fields);
    if (header.kind === 'informational') return;
    if (header.kind === 'failure') {
      stream.reset(ErrorCode.CANCEL);
      return this.#end(header.status, false);
    }
    this.responses.encoding = header.encoding;
    this.#sawHeader(header.metadata);
  }

  onData(stream: Http2Stream, payload: Uint8Array, endStream: boolean): void {
    try {
      this.responses.push(stream, payload);
    } catch (error) {
      return this.fail(error);
    }
    if (!this.method.responseStream && this.responses.queued > 1) {
      return this.cancel(Code.INTERNAL, 'the response has more than one message; this method returns exactly one');
    }
    this.#observer.onMessage?.();
    // RFC 9113 allows it, gRPC wants trailers.
    if (endStream) this.#end(parseTrailers([]), true);
  }

  onWritable(): void {
    this.#requests?.resume();
  }

  onFailure(_stream: Http2Stream, failure: StreamFailure): void {
    if (this.#ended) return;
    if (failure.unprocessed && this.#kept !== undefined && this.#retries < TRANSPARENT_RETRIES) {
      this.#retries++;
      this.#requests?.resume();
      this.#stream = this.#requests = undefined;
      this.#owner.place(this);
      return;
    }
    // A server that sees the deadline first may reset the stream: to the caller it is the deadline all the same.
    if (this.#deadlineAt !== undefined && this.#deadlineAt <= performance.now()) return this.#deadlineExceeded();
    const { code, message } = failureStatus(failure);
    this.#end({ code, message, details: [], metadata: Metadata.empty }, true);
  }

  // ----------------------------------------------------------------------------------------------------------- end

  #sawHeader(metadata: Metadata): void {
    if (this.#headerSeen) return;
    this.#headerSeen = true;
    this.#notify(this.#options.onHeader, metadata);
  }

  #trailersArrived(fields: HeaderFields): void {
    const status = parseTrailers(fields);
    // What the server still reads of the request is of no use to anybody.
    if (this.#stream?.localClosed === false) this.#stream.reset(ErrorCode.NO_ERROR);
    try {
      this.responses.end();
    } catch (error) {
      if (status.code === Code.OK) return this.fail(error);
    }
    this.#end(status, true);
    this.#notify(this.#options.onTrailer, status.metadata);
  }

  #notify(callback: ((metadata: Metadata) => void) | undefined, metadata: Metadata): void {
    if (callback === undefined) return;
    try {
      callback(metadata);
    } catch (error) {
      // The caller's own fault must not break the connection of other calls.
      process.nextTick(() => {
        throw error;
      });
    }
  }

  #end(status: CallStatus, keepQueued: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#kept = undefined;
    this.#deadlineTimer?.clear();
    this.#options.signal?.removeEventListener('abort', this.#cancelledBySignal);
    if (this.#stream === undefined) this.#owner.withdraw(this);
    if (status.code !== Code.OK) this.responses.fail(() => this.error(status), keepQueued);
    this.#requests?.resume();
    this.#whenPlaced?.();
    this.#whenPlaced = undefined;
    this.#observer.onStatus(status);
  }

  readonly #deadlineExceeded = (): void => {
    const waited = this.#stream === undefined ? '; no connection to the server was made in time' : '';
    this.cancel(Code.DEADLINE_EXCEEDED, `the deadline passed before the call was done${waited}`);
  };

  readonly #cancelledBySignal = (): void => {
    const { reason } = this.#options.signal as AbortSignal;
    const { code, statusMessage } = RpcError.from(reason, Code.CANCELLED);
    this.cancel(code, reason instanceof RpcError ? statusMessage : 'the caller cancelled the call', reason);
  };
}

/** In the clock of `performance.now()`. */
function deadlineOf({ timeoutMs, deadline }: CallOptions): number | undefined {
  if (timeoutMs === undefined && deadline === undefined) return undefined;
  const now = performance.now();
  const byTimeout = timeoutMs === undefined ? Number.POSITIVE_INFINITY : now + timeoutMs;
  const byDeadline = deadline === undefined ? Number.POSITIVE_INFINITY : now + (Number(deadline) - Date.now());
  const at = Math.min(byTimeout, byDeadline);
  if (Number.isNaN(at)) throw new TypeError('timeoutMs must be a number of milliseconds, deadline a Date or a number');
  return at === Number.POSITIVE_INFINITY ? undefined : at;
}
