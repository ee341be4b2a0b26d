import { ErrorCode } from '../http2/error-code.js';
import { headerListSize } from '../http2/header-list-size.js';
import type { HeaderFields } from '../http2/hpack/header-fields.js';
import type { Http2Stream } from '../http2/stream.js';
import type { StreamFailure, StreamHandler } from '../http2/stream-handler.js';
import { Code } from '../rpc/code.js';
import type { CompiledMethod } from '../rpc/compile-service.js';
import { acceptEncoding, parseAcceptEncoding } from '../rpc/compression.js';
import { encodeMessage } from '../rpc/message-frame.js';
import { MESSAGE_PREFIX_LENGTH } from '../rpc/message-prefix.js';
import { Metadata } from '../rpc/metadata.js';
import { recycledMemory } from '../rpc/recycled-memory.js';
import type { ParsedRequest } from '../rpc/request-header.js';
import { responseHeader } from '../rpc/response-header.js';
import { RpcError } from '../rpc/rpc-error.js';
import { okTrailers, type TrailerStatus, trailerFields, trailersOnlyFields } from '../rpc/trailer-status.js';
import type { Peer } from '../socket/peer.js';
import { DeadlineTimer } from '../transport/deadline-timer.js';
import { failureStatus } from '../transport/failure-status.js';
import { IncomingMessages } from '../transport/incoming-messages.js';
import { OutgoingMessages } from '../transport/outgoing-messages.js';
import type { Transport } from '../transport/transport.js';
import type { MethodHandler } from './method-handler.js';
import type { RequestCounters } from './request-counters.js';
import type { ServerContext } from './server-context.js';
import type { ServerCallStart } from './server-events.js';

/** Characters of a status message that are sent when the peer does not take all of it. */
const SHORTENED_MESSAGE = 256;

/** What a call needs of the connection it came in on. */
export interface ServerCallOwner {
  readonly transport: Transport;
  readonly peer: Peer;
  readonly compression: 'identity' | 'gzip';
  readonly stopping: AbortSignal;
  readonly requests: RequestCounters;
  /** A handler began; false when too many run already. */
  handlerStarted(): boolean;
  handlerEnded(): void;
  /** A handler threw something that is no RpcError: the caller is told nothing about it. */
  reportError(error: unknown, method: CompiledMethod): void;
}

/** One call on the server: reads requests, runs the handler, sends responses and exactly one status. */
export class ServerCall implements StreamHandler, ServerContext {
  readonly method: CompiledMethod;
  readonly #owner: ServerCallOwner;
  readonly #handler: MethodHandler;
  readonly #request: ParsedRequest;
  readonly #stream: Http2Stream;
  readonly #requests: IncomingMessages;
  readonly #responses: OutgoingMessages;
  readonly #deadlineAt: number | undefined;
  readonly #observed: ServerCallStart | undefined;
  #deadlineTimer: DeadlineTimer | undefined;
  #metadata: Metadata | undefined;
  #header: Metadata | undefined;
  #trailer: Metadata | undefined;
  #compression: 'identity' | 'gzip';
  #headerSent = false;
  /** The header was sent while gzip was chosen; whether the caller takes it is another matter. */
  #gzipAnnounced = false;
  #gzipAccepted = false;
  #ended = false;
  #cancelled: RpcError | undefined;
  #abort: AbortController | undefined;
  #responseIterator: AsyncIterator<unknown> | undefined;
  #responsesStopped: Promise<void> | undefined;

  constructor(owner: ServerCallOwner, handler: MethodHandler, request: ParsedRequest, stream: Http2Stream) {
    this.method = handler.method;
    this.#owner = owner;
    this.#handler = handler;
    this.#request = request;
    this.#stream = stream;
    this.#compression = owner.compression;
    const { transport } = owner;
    this.#requests = new IncomingMessages(
      handler.method.requestType,
      'request',
      transport.limits.maxReceiveMessageLength,
    );
    this.#requests.encoding = request.encoding;
    this.#responses = new OutgoingMessages(transport, stream);
    this.#observed = owner.requests.started(handler.method.fullName, owner.peer);
    if (request.timeoutMs !== undefined) {
      this.#deadlineAt = performance.now() + request.timeoutMs;
      this.#deadlineTimer = new DeadlineTimer(this.#deadlineAt, () => this.#deadlineExceeded());
    }
  }

  /** The header section was the whole request: for a method that takes one message, it is missing. */
  start(endStream: boolean): void {
    if (this.method.requestStream) this.#run(this.#requestIterable());
    if (endStream) this.#requestsEnded();
  }

  // ------------------------------------------------------------------------------------------------ ServerContext

  get peer(): Peer {
    return this.#owner.peer;
  }

  get metadata(): Metadata {
    return (this.#metadata ??= Metadata.fromFields(this.#request.fields));
  }

  get header(): Metadata {
    return (this.#header ??= new Metadata());
  }

  get trailer(): Metadata {
    return (this.#trailer ??= new Metadata());
  }

  get deadline(): Date | undefined {
    // By the clock of now, which may have been set since the process began.
    return this.#deadlineAt === undefined ? undefined : new Date(Date.now() + this.#deadlineAt - performance.now());
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#cancelled !== undefined) this.#abort.abort(this.#cancelled);
    }
    return this.#abort.signal;
  }

  get stopping(): AbortSignal {
    return this.#owner.stopping;
  }

  get compression(): 'identity' | 'gzip' {
    return this.#compression;
  }

  set compression(encoding: 'identity' | 'gzip') {
    if (this.#headerSent && encoding === 'gzip' && !this.#gzipAnnounced) {
      throw new Error('gzip must be chosen before the header is sent; what comes after it can only go without');
    }
    this.#compression = encoding;
  }

  sendHeader(): void {
    if (this.#headerSent || this.#ended) return;
    const compressed =
      this.#compression === 'gzip' && parseAcceptEncoding(this.#request.acceptEncoding).includes('gzip');
    const fields = responseHeader({
      contentType: this.#request.contentType,
      encoding: compressed ? 'gzip' : undefined,
      acceptEncoding,
      metadata: this.#header,
    });
    if (this.#header !== undefined && headerListSize(fields) > this.#maxHeaderListSize) {
      const size = `${headerListSize(fields)} bytes; the caller takes ${this.#maxHeaderListSize}`;
      throw new RpcError(Code.RESOURCE_EXHAUSTED, `the response header with its metadata has ${size}`);
    }
    this.#headerSent = true;
    this.#gzipAnnounced = this.#compression === 'gzip';
    this.#gzipAccepted = compressed;
    this.#stream.sendHeaders(fields, false);
  }

  get #maxHeaderListSize(): number {
    return this.#owner.transport.connection.peerSettings.maxHeaderListSize;
  }

  // ------------------------------------------------------------------------------------------------ StreamHandler

  onHeaders(_stream: Http2Stream, _fields: HeaderFields, endStream: boolean): void {
    // Request trailers mean nothing to gRPC.
    if (endStream) this.#requestsEnded();
  }

  onData(stream: Http2Stream, payload: Uint8Array, endStream: boolean): void {
    try {
      this.#requests.push(stream, payload);
    } catch (error) {
      this.#reject(error);
      return;
    }
    if (!this.method.requestStream && this.#requests.several) this.#reject(this.#cardinalityError('more than one'));
    else if (endStream) this.#requestsEnded();
  }

  onWritable(stream: Http2Stream): void {
    this.#responses.resume();
    if (this.#ended && stream.localClosed) this.#deadlineTimer?.clear();
  }

  onFailure(_stream: Http2Stream, failure: StreamFailure): void {
    this.#deadlineTimer?.clear();
    const { code, message } = failureStatus(failure);
    if (failure.origin === 'remote') this.#owner.requests.resetsReceived++;
    // A caller that went away has cancelled, whatever its kernel said last.
    this.#cancel(new RpcError(code === Code.UNAVAILABLE ? Code.CANCELLED : code, message));
  }

  /** Ends the call because the server ends. */
  shutDown(): void {
    this.#endWith({ code: Code.UNAVAILABLE, message: 'the server is shutting down' });
  }

  // ------------------------------------------------------------------------------------------------------ requests

  #requestsEnded(): void {
    if (this.#ended) return;
    try {
      this.#requests.end();
      if (this.method.requestStream) return;
      if (this.#requests.queued === 0) return this.#reject(this.#cardinalityError('no'));
      this.#run(this.#requests.take());
    } catch (error) {
      this.#reject(error);
    }
  }

  #cardinalityError(count: string): RpcError {
    // statuscodes.md
    return new RpcError(Code.UNIMPLEMENTED, `the request has ${count} message; this method takes exactly one`);
  }

  /** The request is not fit for the handler. */
  #reject(error: unknown): void {
    const { code, statusMessage } = RpcError.from(error, Code.INTERNAL);
    this.#endWith({ code, message: statusMessage });
  }

  #requestIterable(): AsyncIterable<unknown> {
    const iterator: AsyncIterator<unknown> = {
      next: () => this.#requests.next(),
      return: async () => {
        this.#requests.discard();
        return { value: undefined, done: true };
      },
    };
    return { [Symbol.asyncIterator]: () => iterator };
  }

  // ------------------------------------------------------------------------------------------------------- handler

  #run(request: unknown): void {
    if (!this.#owner.handlerStarted()) {
      // Handlers of cancelled calls still run; the call was not looked at and may be made again.
      this.#stream.reset(ErrorCode.REFUSED_STREAM);
      this.#cancel(new RpcError(Code.UNAVAILABLE, 'too many handlers run for this connection'));
      return;
    }
    const { responseStream } = this.method;
    let result: unknown;
    let promised: boolean;
    try {
      result = this.#handler.handle(request, this);
      // To look at what a handler gave may throw, too.
      promised = !responseStream && isPromise(result);
    } catch (error) {
      return this.#handlerFailed(error);
    }
    if (responseStream) void this.#sendAll(result as AsyncIterable<unknown>);
    // The promise of a foreign library may throw, or settle twice; for one of the language's own this is no detour.
    else if (promised) Promise.resolve(result).then(this.#respond, this.#handlerFailed);
    else this.#respond(result);
  }

  readonly #respond = (message: unknown): void => {
    try {
      if (!this.#ended) {
        const frame = this.#frame(message);
        const room = this.#responses.roomFor(frame.length);
        if (room === undefined) void this.#responses.send(frame, false);
        recycledMemory.letGo(frame);
        // Until then the handler counts as running.
        if (room !== undefined) return void this.#whenRoom(room, frame.length, () => this.#respond(message));
      }
    } catch (error) {
      return this.#handlerFailed(error);
    }
    this.#owner.handlerEnded();
    if (!this.#ended) this.#endWith({ code: Code.OK });
  };

  readonly #handlerFailed = (error: unknown): void => {
    this.#owner.handlerEnded();
    if (!this.#ended) this.#endWithError(error);
  };

  async #sendAll(responses: AsyncIterable<unknown>): Promise<void> {
    try {
      const iterator = responses[Symbol.asyncIterator]();
      this.#responseIterator = iterator;
      while (!this.#ended) {
        const { value, done } = await iterator.next();
        if (this.#ended) break;
        if (done) {
          this.#responseIterator = undefined;
          this.#endWith({ code: Code.OK });
          break;
        }
        const due = this.#sendMessage(value);
        if (due !== undefined) await due;
      }
    } catch (error) {
      if (!this.#ended) this.#endWithError(error);
    }
    // Until its clean-up is done the handler counts as running.
    await this.#stopResponses();
    this.#owner.handlerEnded();
  }

  /** @returns undefined when the next one may follow at once, else a promise for when it may. */
  #sendMessage(message: unknown): Promise<void> | undefined {
    const frame = this.#frame(message);
    const room = this.#responses.roomFor(frame.length);
    const due = room === undefined ? this.#responses.send(frame, false) : undefined;
    recycledMemory.letGo(frame);
    if (room === undefined) return due;
    return this.#whenRoom(room, frame.length, () => (this.#ended ? undefined : this.#sendMessage(message)));
  }

  /**
   * Sends a message of so many octets when there is room for it. Looks for that right before: others wait, too, and each
   * would encode its message in vain whenever one of them can go on.
   */
  async #whenRoom(room: Promise<void>, octets: number, send: () => Promise<void> | void): Promise<void> {
    let wait: Promise<void> | undefined = room;
    while (wait !== undefined) {
      await wait;
      wait = this.#ended ? undefined : this.#responses.roomFor(octets);
    }
    await send();
  }

  #nothingGiven(message: undefined | null): TypeError {
    const { responseStream } = this.method;
    const what = responseStream ? `yielded ${message}` : `returned ${message === null ? 'null' : 'nothing'}`;
    const fix = responseStream ? 'yield response messages' : 'return the response message';
    return new TypeError(`it ${what}; ${fix}, {} for an empty one`);
  }

  #frame(message: unknown): Uint8Array {
    this.sendHeader();
    let frame: Uint8Array;
    try {
      if (message === undefined || message === null) throw this.#nothingGiven(message);
      const encoding = this.#gzipAccepted ? this.#compression : 'identity';
      frame = encodeMessage(this.method.responseType, message, encoding);
    } catch (error) {
      this.#owner.reportError(error, this.method);
      throw new RpcError(Code.INTERNAL, 'the response cannot be encoded; the server has the details');
    }
    const { maxSendMessageLength } = this.#owner.transport.limits;
    const length = frame.length - MESSAGE_PREFIX_LENGTH;
    if (length > maxSendMessageLength) {
      const text = `the response has ${length} bytes, more than the limit of ${maxSendMessageLength} bytes`;
      throw new RpcError(Code.RESOURCE_EXHAUSTED, text);
    }
    return frame;
  }

  // ----------------------------------------------------------------------------------------------------------- end

  #endWithError(error: unknown): void {
    if (!(error instanceof RpcError)) {
      this.#owner.reportError(error, this.method);
      const { code } = RpcError.from(error);
      const message = code === Code.UNKNOWN ? 'the handler failed; the server has the details' : '';
      return this.#endWith({ code, message });
    }
    // An error that a call of the handler's own ended with: details and metadata were meant for this process alone.
    const foreign = error.method !== undefined;
    this.#endWith({
      code: error.code === Code.OK ? Code.UNKNOWN : error.code,
      message: error.statusMessage,
      details: foreign ? undefined : error.details,
      metadata: foreign ? undefined : error.metadata,
    });
  }

  #deadlineExceeded(): void {
    // The handler is done, but the caller has not let the answer in: nobody waits for it any more.
    if (this.#ended && !this.#stream.localClosed) this.#stream.reset(ErrorCode.CANCEL);
    this.#endWith({ code: Code.DEADLINE_EXCEEDED, message: 'the deadline passed before the call was done' });
  }

  /** Sends the status. Whatever still runs for the call is told to stop unless all went well. */
  #endWith(status: TrailerStatus): void {
    if (this.#ended) return;
    if (this.#header !== undefined && this.#header.size > 0) this.#trySendHeader();
    this.#ended = true;
    this.#stream.finish(this.#lastFields(status));
    this.#owner.requests.ended(this.#observed, status.code, status.message ?? '');
    if (status.code !== Code.OK) this.#stop(new RpcError(status.code, status.message ?? ''));
    this.#release();
  }

  /** The stream is gone: nothing can be sent any more. */
  #cancel(reason: RpcError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#owner.requests.ended(this.#observed, reason.code, reason.statusMessage);
    this.#stop(reason);
    this.#release();
  }

  /** An error does not lose the metadata that a handler set before it. */
  #trySendHeader(): void {
    try {
      this.sendHeader();
    } catch {
      // Too large: the status goes alone.
    }
  }

  /** The header section that ends the call. The code arrives, whatever the peer does not take of the rest. */
  #lastFields(status: TrailerStatus): HeaderFields {
    const { code, message = '' } = status;
    // Most calls end so, and a tenth of what a call costs a server went into finding that out.
    if (code === Code.OK && this.#headerSent && this.#trailer === undefined) return okTrailers;
    try {
      const fields = this.#fieldsOf({ ...status, metadata: mergeMetadata(this.#trailer, status.metadata) });
      const size = headerListSize(fields);
      const limit = this.#maxHeaderListSize;
      if (size <= limit) return fields;
      const lost = `the trailers have ${size} bytes, the caller takes ${limit}`;
      this.#owner.reportError(new RangeError(`${lost}; metadata and details were not sent`), this.method);
      const shortened = this.#fieldsOf({ code, message: `${message.slice(0, SHORTENED_MESSAGE)} ... (${lost})` });
      return headerListSize(shortened) <= limit ? shortened : this.#fieldsOf({ code });
    } catch (error) {
      // Details that are no such messages, for example.
      this.#owner.reportError(error, this.method);
      return this.#fieldsOf({ code: code === Code.OK ? Code.INTERNAL : code });
    }
  }

  #fieldsOf(status: TrailerStatus): HeaderFields {
    if (this.#headerSent) return trailerFields(status);
    return trailersOnlyFields(status, { contentType: this.#request.contentType });
  }

  #stop(reason: RpcError): void {
    this.#cancelled = reason;
    this.#requests.fail(() => reason, false);
    this.#abort?.abort(reason);
    // A generator that waits for something else sees the signal only; any other iterator is told here.
    void this.#stopResponses();
  }

  /** Tells the iterator of responses to stop, once; resolves when it has. What it throws comes too late for anybody. */
  async #stopResponses(): Promise<void> {
    const iterator = this.#responseIterator;
    if (iterator === undefined) return;
    this.#responsesStopped ??= (async () => iterator.return?.())().then(
      () => {},
      () => {},
    );
    await this.#responsesStopped;
  }

  #release(): void {
    // An answer that waits for the caller's window must not wait for ever.
    if (this.#stream.localClosed) this.#deadlineTimer?.clear();
    this.#requests.discard();
    this.#responses.resume();
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function mergeMetadata(own: Metadata | undefined, added: Metadata | undefined): Metadata | undefined {
  if (own === undefined) return added;
  if (added === undefined) return own;
  const merged = new Metadata(own);
  for (const [key, values] of added) for (const value of values) merged.append(key, value as never);
  return merged;
}
