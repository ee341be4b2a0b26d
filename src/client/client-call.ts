import { AsyncLocalStorage } from 'node:async_hooks';
import { ErrorCode } from '../http2/error-code.js';
import { headerListSize } from '../http2/header-list-size.js';
import type { HeaderFields } from '../http2/hpack/header-fields.js';
import type { Http2Stream } from '../http2/stream.js';
import type { StreamFailure, StreamHandler } from '../http2/stream-handler.js';
import { Code } from '../rpc/code.js';
import type { CompiledMethod } from '../rpc/compile-service.js';
import { acceptEncoding, isSupportedEncoding } from '../rpc/compression.js';
import { encodeMessage } from '../rpc/message-frame.js';
import { MESSAGE_PREFIX_LENGTH } from '../rpc/message-prefix.js';
import { Metadata } from '../rpc/metadata.js';
import { recycledMemory } from '../rpc/recycled-memory.js';
import { requestHeader } from '../rpc/request-header.js';
import { parseResponseHeader } from '../rpc/response-header.js';
import { RpcError } from '../rpc/rpc-error.js';
import { parseTrailers, type RpcStatus } from '../rpc/trailer-status.js';
import { DeadlineTimer } from '../transport/deadline-timer.js';
import { failureStatus } from '../transport/failure-status.js';
import { IncomingMessages } from '../transport/incoming-messages.js';
import type { Limits } from '../transport/limits.js';
import { OutgoingMessages } from '../transport/outgoing-messages.js';
import type { Transport } from '../transport/transport.js';
import { type AbortListener, onAbort } from './abort-listeners.js';
import type { CallOptions } from './call-options.js';
import type { ChannelCallStart } from './channel-events.js';
import { checkSignal } from './check-signal.js';
import { Replay } from './replay.js';

/** What a call needs of its channel. */
export interface ClientCallOwner {
  /** The endpoint as printed, for errors. */
  readonly address: string;
  readonly userAgent: string;
  readonly waitForReady: boolean;
  readonly compression: 'identity' | 'gzip';
  readonly limits: Readonly<Limits>;
  /** Begins the call as soon as there is a connection with room for it. */
  place(call: ClientCall): void;
  /** The call ended before it was placed. */
  withdraw(call: ClientCall): void;
  /** Why a call is not placed yet, for its error when it waits in vain. */
  describeWait(): string;
  /** Counts a call. @returns what `callEnded` takes; undefined when nobody listens. */
  callStarted(method: string): ChannelCallStart | undefined;
  /** Counts that it is made again, for the server had not looked at it. */
  callRetried(): void;
  callEnded(call: ChannelCallStart | undefined, code: Code, message: string): void;
}

/** How a call ended; `cause` is there when this side ended it. */
export interface CallStatus extends RpcStatus {
  readonly cause?: unknown;
  /** The request messages could not be made: `cause` is the caller's own error, which the caller gets as it is. */
  readonly thrown?: boolean;
}

/** One call on the client: waits for a connection, sends requests, takes responses, ends with exactly one status. */
export class ClientCall implements StreamHandler {
  readonly method: CompiledMethod;
  readonly waitForReady: boolean;
  readonly responses: IncomingMessages;
  readonly #owner: ClientCallOwner;
  readonly #options: CallOptions;
  readonly #onStatus: ((status: CallStatus) => void) | undefined;
  /** Runs `onHeader` and `onTrailer` with the AsyncLocalStorage of the caller, not with that of who made the connection. */
  readonly #asCaller: (<Result>(callback: () => Result) => Result) | undefined;
  readonly #metadata: Metadata | undefined;
  readonly #deadlineAt: number | undefined;
  #deadlineTimer: DeadlineTimer | undefined;
  #abortListener: AbortListener | undefined;
  #stream: Http2Stream | undefined;
  #requests: OutgoingMessages | undefined;
  readonly #replay = new Replay<Uint8Array>(recycledMemory);
  #halfClosed = false;
  #retryTimer: NodeJS.Timeout | undefined;
  #whenPlaced: (() => void) | undefined;
  #started = false;
  #observed: ChannelCallStart | undefined;
  #headerSeen = false;
  #status: CallStatus | undefined;

  /** Called when the call is over, however it ended. */
  onEnd: (() => void) | undefined;

  /**
   * @param onStatus hears how the call ended, once.
   * @throws TypeError for metadata or options that cannot be sent.
   */
  constructor(
    owner: ClientCallOwner,
    method: CompiledMethod,
    options: CallOptions,
    onStatus?: (status: CallStatus) => void,
  ) {
    this.#owner = owner;
    this.method = method;
    this.#options = options;
    this.#onStatus = onStatus;
    this.waitForReady = options.waitForReady ?? owner.waitForReady;
    const { metadata, signal } = options;
    if (signal !== undefined) checkSignal(signal);
    // A copy: the caller may change its own before the call is sent, or sent again.
    if (metadata !== undefined) this.#metadata = new Metadata(metadata);
    this.responses = new IncomingMessages(method.responseType, 'response', owner.limits.maxReceiveMessageLength);
    this.#deadlineAt = deadlineOf(options);
    if (options.onHeader !== undefined || options.onTrailer !== undefined) {
      this.#asCaller = AsyncLocalStorage.snapshot();
    }
  }

  get ended(): boolean {
    return this.#status !== undefined;
  }

  /** The encoding of request messages. */
  get encoding(): 'identity' | 'gzip' {
    return this.#options.compression ?? this.#owner.compression;
  }

  /** Begins the call, unless its time is over or its signal is aborted already. */
  start(): void {
    this.#observed = this.#owner.callStarted(this.method.fullName);
    const { signal } = this.#options;
    if (signal?.aborted) return this.#cancelledBySignal();
    if (this.#deadlineAt !== undefined) {
      if (this.#deadlineAt <= performance.now()) return this.#deadlineExceeded();
      this.#deadlineTimer = new DeadlineTimer(this.#deadlineAt, this.#deadlineExceeded);
    }
    if (signal !== undefined) this.#abortListener = onAbort(signal, this.#cancelledBySignal);
    this.#started = true;
    this.#owner.place(this);
  }

  /**
   * Begins a call with the one message that is its whole request.
   *
   * @throws RpcError as `send`.
   */
  startWith(message: unknown): void {
    const frame = this.#frame(message);
    this.#replay.add(frame, frame.length, false);
    recycledMemory.letGo(frame);
    this.#halfClosed = true;
    this.start();
  }

  /** The channel has a connection with room for the call. */
  begin(transport: Transport): void {
    const fields = requestHeader({
      path: this.method.path,
      timeoutMs: this.#deadlineAt === undefined ? undefined : this.#deadlineAt - performance.now(),
      encoding: this.encoding,
      userAgent: this.#owner.userAgent,
      metadata: this.#metadata,
    });
    const { connection } = transport;
    const { maxHeaderListSize } = connection.peerSettings;
    if (headerListSize(fields) > maxHeaderListSize) {
      // Refused here, because a peer may end the connection, and with it all other calls.
      const size = `${headerListSize(fields)} bytes; the server takes ${maxHeaderListSize}`;
      return this.cancel(Code.RESOURCE_EXHAUSTED, `the request header with its metadata has ${size}`);
    }
    const stream = connection.openStream(fields, false, this);
    // Its own header section may have been too much for a peer that does not read.
    if (stream.closed) return;
    this.#stream = stream;
    this.#requests = new OutgoingMessages(transport, stream);
    const { messages } = this.#replay;
    const last = messages.length - 1;
    for (let index = 0; index <= last; index++)
      void this.#requests.send(messages[index], this.#halfClosed && index === last);
    if (this.#halfClosed && last < 0) stream.sendData(new Uint8Array(0), true);
    this.#whenPlaced?.();
    this.#whenPlaced = undefined;
  }

  /**
   * Sends one of several messages.
   *
   * @returns undefined when the next one may follow at once, else a promise, never rejected, for when it may or the call ended.
   * @throws TypeError when there is no message, RpcError INTERNAL when it cannot be encoded, RESOURCE_EXHAUSTED when it is larger than the limit.
   */
  send(message: unknown): Promise<void> | undefined {
    if (this.ended) return undefined;
    const frame = this.#frame(message);
    this.#replay.add(frame, frame.length, this.#requests !== undefined);
    const due = this.#requests?.send(frame, false);
    recycledMemory.letGo(frame);
    if (this.#requests !== undefined) return due;
    return new Promise((resolve) => {
      this.#whenPlaced = resolve;
    });
  }

  /** Says that no message follows. */
  halfClose(): void {
    if (this.ended || this.#halfClosed) return;
    this.#halfClosed = true;
    this.#stream?.sendData(new Uint8Array(0), true);
  }

  /** Ends the call from this side. */
  cancel(code: Code, message: string, cause?: unknown): void {
    this.#abort({ code, message, details: [], metadata: Metadata.empty, cause });
  }

  /** Ends the call because its request messages could not be made; the caller gets `error` itself. */
  failWith(error: unknown): void {
    const message = 'the request messages could not be made';
    this.#abort({ code: Code.CANCELLED, message, details: [], metadata: Metadata.empty, cause: error, thrown: true });
  }

  /** The channel cannot place the call. */
  fail(error: unknown): void {
    // Not the error itself as the cause: it has the same text.
    const { code, statusMessage, cause } = RpcError.from(error, Code.UNAVAILABLE);
    this.cancel(code, statusMessage, cause);
  }

  /**
   * The response of a call that has one, after the call ended with `status`.
   *
   * @throws RpcError, made here so that the caller's stack is in it.
   */
  takeOne(status: CallStatus): unknown {
    const { responses } = this;
    if (status.code !== Code.OK) {
      responses.discard();
      throw this.#error(status);
    }
    if (responses.queued === 0) {
      const message = 'the server said OK without a message; this method returns exactly one';
      throw this.#error({ ...status, code: Code.UNIMPLEMENTED, message });
    }
    try {
      return responses.take();
    } catch (error) {
      throw this.#error({ ...status, ...unreadable(error) });
    }
  }

  /**
   * What the caller is told after `responses.next()` was rejected: how the call ended, or that a message cannot be read,
   * which ends it. Made here so that the caller's stack is in it.
   */
  readingFailed(error: unknown): unknown {
    if (this.#status !== undefined && this.#status.code !== Code.OK) return this.#error(this.#status);
    const { code, message, cause } = unreadable(error);
    this.cancel(code, message, cause);
    return this.#error({ code, message, details: [], metadata: Metadata.empty, cause });
  }

  /** The error that a status other than OK is for the caller. */
  #error({ code, message, details, metadata, cause, thrown }: CallStatus): unknown {
    if (thrown) return cause;
    const { fullName: method } = this.method;
    const options = { details, metadata, method, endpoint: this.#owner.address };
    return new RpcError(code, message, cause === undefined ? options : { ...options, cause });
  }

  #frame(message: unknown): Uint8Array {
    let frame: Uint8Array;
    try {
      frame = encodeMessage(this.method.requestType, message, this.encoding);
    } catch (error) {
      // There is no message: a mistake of the caller's code, not of the call.
      if (error instanceof TypeError) throw error;
      throw this.#error({ ...unreadable(error), details: [], metadata: Metadata.empty });
    }
    const { maxSendMessageLength } = this.#owner.limits;
    const length = frame.length - MESSAGE_PREFIX_LENGTH;
    if (length > maxSendMessageLength) {
      const text = `the request has ${length} bytes, more than the limit of ${maxSendMessageLength} bytes`;
      throw this.#error({ code: Code.RESOURCE_EXHAUSTED, message: text, details: [], metadata: Metadata.empty });
    }
    return frame;
  }

  // ------------------------------------------------------------------------------------------------ StreamHandler

  onHeaders(stream: Http2Stream, fields: HeaderFields, endStream: boolean): void {
    if (stream.headerListTooLarge) {
      return this.cancel(Code.RESOURCE_EXHAUSTED, 'the metadata of the response is larger than this client allows');
    }
    this.#replay.stop();
    if (endStream) return this.#trailersArrived(fields);
    const header = parseResponseHeader(fields);
    if (header.kind === 'failure') {
      stream.reset(ErrorCode.CANCEL);
      return this.#end(header.status, false);
    }
    if (header.encoding !== undefined && !isSupportedEncoding(header.encoding)) {
      // compression.md: to a client this is the server's fault.
      const encoding = JSON.stringify(header.encoding);
      return this.cancel(
        Code.INTERNAL,
        `the server compresses with ${encoding}; this client accepts ${acceptEncoding}`,
      );
    }
    this.responses.encoding = header.encoding;
    this.#sawHeader(fields);
  }

  onData(stream: Http2Stream, payload: Uint8Array, endStream: boolean): void {
    try {
      this.responses.push(stream, payload);
    } catch (error) {
      return this.fail(error);
    }
    if (!this.method.responseStream && this.responses.several) {
      const text = 'the response has more than one message; this method returns exactly one';
      return this.cancel(Code.UNIMPLEMENTED, text);
    }
    // RFC 9113 allows it, gRPC wants trailers.
    if (endStream) this.#end(parseTrailers([]), true);
  }

  onWritable(): void {
    this.#requests?.resume();
  }

  onFailure(_stream: Http2Stream, failure: StreamFailure): void {
    if (this.ended) return;
    const wait = this.#replay.after(failure);
    if (wait !== undefined) {
      this.#owner.callRetried();
      this.#requests?.resume();
      this.#stream = this.#requests = undefined;
      if (wait === 0) this.#owner.place(this);
      else this.#retryTimer = setTimeout(() => this.#owner.place(this), wait);
      return;
    }
    // A server that sees the deadline first may reset the stream: to the caller it is the deadline all the same.
    if (this.#deadlinePassed()) return this.#deadlineExceeded();
    const { code, message } = failureStatus(failure);
    this.#end({ code, message, details: [], metadata: Metadata.empty }, true);
  }

  // ----------------------------------------------------------------------------------------------------------- end

  #sawHeader(fields: HeaderFields): void {
    if (this.#headerSeen) return;
    this.#headerSeen = true;
    this.#notify(this.#options.onHeader, fields);
  }

  #trailersArrived(fields: HeaderFields): void {
    const status = parseTrailers(fields);
    // Likewise one that says CANCELLED of it, as tonic does.
    if (status.code === Code.CANCELLED && this.#deadlinePassed()) return this.#deadlineExceeded();
    // What the server still reads of the request is of no use to anybody.
    if (this.#stream?.localClosed === false) this.#stream.reset(ErrorCode.NO_ERROR);
    if (status.code === Code.OK) {
      try {
        this.responses.end();
      } catch (error) {
        return this.fail(error);
      }
    }
    this.#end(status, true);
    this.#notify(this.#options.onTrailer, fields);
  }

  #notify(callback: ((metadata: Metadata) => void) | undefined, fields: HeaderFields): void {
    if (callback === undefined) return;
    try {
      this.#asCaller?.(() => callback(Metadata.fromFields(fields)));
    } catch (error) {
      // The caller's own fault must not break the connection of other calls.
      process.nextTick(() => {
        throw error;
      });
    }
  }

  #abort(status: CallStatus): void {
    if (this.ended) return;
    this.#stream?.reset(ErrorCode.CANCEL);
    this.#end(status, false);
  }

  #end(status: CallStatus, keepQueued: boolean): void {
    if (this.ended) return;
    this.#status = status;
    this.#owner.callEnded(this.#observed, status.code, status.message);
    this.#replay.stop();
    this.#deadlineTimer?.clear();
    clearTimeout(this.#retryTimer);
    this.#abortListener?.remove();
    if (this.#stream === undefined) this.#owner.withdraw(this);
    if (status.code !== Code.OK) this.responses.fail(() => status, keepQueued);
    this.#requests?.resume();
    this.#whenPlaced?.();
    this.#whenPlaced = undefined;
    this.onEnd?.();
    this.#onStatus?.(status);
  }

  #deadlinePassed(): boolean {
    return this.#deadlineAt !== undefined && this.#deadlineAt <= performance.now();
  }

  readonly #deadlineExceeded = (): void => {
    const missed = this.#started
      ? `the deadline passed before the call was ${this.#stream === undefined ? `sent: ${this.#owner.describeWait()}` : 'done'}`
      : 'the deadline had passed before the call began';
    this.cancel(Code.DEADLINE_EXCEEDED, missed);
  };

  readonly #cancelledBySignal = (): void => {
    const { reason } = this.#options.signal as AbortSignal;
    const { code, statusMessage } = RpcError.from(reason, Code.CANCELLED);
    const why = code === Code.DEADLINE_EXCEEDED ? "the caller's signal timed out" : 'the caller cancelled the call';
    this.cancel(code, reason instanceof RpcError ? statusMessage : why, reason);
  };
}

/** The status for a message that cannot be encoded or decoded; the causing error says more. */
function unreadable(error: unknown): { code: Code; message: string; cause: unknown } {
  const { code, statusMessage, cause } = RpcError.from(error, Code.INTERNAL);
  return { code, message: statusMessage, cause };
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
