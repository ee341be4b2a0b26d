import type { HeaderFields } from '../http2/hpack/header-fields.js';
import type { Http2Stream } from '../http2/stream.js';
import type { StreamFailure, StreamHandler } from '../http2/stream-handler.js';
import { Code } from '../rpc/code.js';
import type { CompiledMethod } from '../rpc/compile-service.js';
import { acceptEncoding, parseAcceptEncoding } from '../rpc/compression.js';
import { encodeMessage } from '../rpc/message-frame.js';
import { Metadata } from '../rpc/metadata.js';
import type { ParsedRequest } from '../rpc/request-header.js';
import { responseHeader } from '../rpc/response-header.js';
import { RpcError } from '../rpc/rpc-error.js';
import { type TrailerStatus, trailerFields, trailersOnlyFields } from '../rpc/trailer-status.js';
import type { Peer } from '../socket/peer.js';
import { DeadlineTimer } from '../transport/deadline-timer.js';
import { failureStatus } from '../transport/failure-status.js';
import { IncomingMessages } from '../transport/incoming-messages.js';
import { OutgoingMessages } from '../transport/outgoing-messages.js';
import type { Transport } from '../transport/transport.js';
import type { MethodHandler } from './method-handler.js';
import type { ServerContext } from './server-context.js';

/** What a call needs of the connection it came in on. */
export interface ServerCallOwner {
  readonly transport: Transport;
  readonly peer: Peer;
  readonly compression: 'identity' | 'gzip';
  /** A handler began; false when too many run already. */
  handlerStarted(): boolean;
  handlerEnded(): void;
  callEnded(call: ServerCall): void;
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
  #deadlineTimer: DeadlineTimer | undefined;
  #header: Metadata | undefined;
  #trailer: Metadata | undefined;
  #compression: 'identity' | 'gzip';
  #encoding: 'gzip' | undefined;
  #headerSent = false;
  #ended = false;
  #cancelled: RpcError | undefined;
  #abort: AbortController | undefined;
  #responseIterator: AsyncIterator<unknown> | undefined;

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
    return this.#request.metadata;
  }

  get header(): Metadata {
    return (this.#header ??= new Metadata());
  }

  get trailer(): Metadata {
    return (this.#trailer ??= new Metadata());
  }

  get deadline(): Date | undefined {
    return this.#deadlineAt === undefined ? undefined : new Date(performance.timeOrigin + this.#deadlineAt);
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#cancelled !== undefined) this.#abort.abort(this.#cancelled);
    }
    return this.#abort.signal;
  }

  get compression(): 'identity' | 'gzip' {
    return this.#compression;
  }

  set compression(encoding: 'identity' | 'gzip') {
    if (this.#headerSent) throw new Error('compression must be chosen before the header is sent');
    this.#compression = encoding;
  }

  sendHeader(): void {
    if (this.#headerSent || this.#ended) return;
    this.#headerSent = true;
    if (this.#compression === 'gzip' && parseAcceptEncoding(this.#request.acceptEncoding).includes('gzip')) {
      this.#encoding = 'gzip';
    }
    this.#stream.sendHeaders(
      responseHeader({
        contentType: this.#request.contentType,
        encoding: this.#encoding,
        acceptEncoding,
        metadata: this.#header,
      }),
      false,
    );
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
    if (!this.method.requestStream && this.#requests.queued > 1) this.#reject(this.#cardinalityError('more than one'));
    else if (endStream) this.#requestsEnded();
  }

  onWritable(): void {
    this.#responses.resume();
  }

  onFailure(_stream: Http2Stream, failure: StreamFailure): void {
    const { code, message } = failureStatus(failure);
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
    return new RpcError(Code.INTERNAL, `the request has ${count} message; this method takes exactly one`);
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
      const message = `${this.#owner.transport.limits.maxRunningHandlers} handlers run for this connection, the most that is allowed`;
      this.#endWith({ code: Code.RESOURCE_EXHAUSTED, message });
      return;
    }
    let result: unknown;
    try {
      result = this.#handler.handle(request, this);
    } catch (error) {
      return this.#handlerFailed(error);
    }
    if (this.method.responseStream) void this.#sendAll(result as AsyncIterable<unknown>);
    else if (isPromise(result)) result.then(this.#respond, this.#handlerFailed);
    else this.#respond(result);
  }

  readonly #respond = (message: unknown): void => {
    this.#owner.handlerEnded();
    if (this.#ended) return;
    try {
      this.#sendMessage(message);
    } catch (error) {
      return this.#endWithError(error);
    }
    this.#endWith({ code: Code.OK });
  };

  readonly #handlerFailed = (error: unknown): void => {
    this.#owner.handlerEnded();
    if (!this.#ended) this.#endWithError(error);
  };

  async #sendAll(responses: AsyncIterable<unknown>): Promise<void> {
    try {
      const iterator = responses[Symbol.asyncIterator]();
      this.#responseIterator = iterator;
      for (;;) {
        const { value, done } = await iterator.next();
        if (done || this.#ended) break;
        const due = this.#sendMessage(value);
        if (due !== undefined) await due;
        if (this.#ended) break;
      }
      if (this.#ended) await iterator.return?.();
    } catch (error) {
      return this.#handlerFailed(error);
    }
    this.#owner.handlerEnded();
    if (!this.#ended) this.#endWith({ code: Code.OK });
  }

  #sendMessage(message: unknown): Promise<void> | undefined {
    this.sendHeader();
    const frame = encodeMessage(this.method.responseType, message, this.#encoding);
    const { maxSendMessageLength } = this.#owner.transport.limits;
    if (frame.length - 5 > maxSendMessageLength) {
      throw new RpcError(
        Code.RESOURCE_EXHAUSTED,
        `the response has ${frame.length - 5} bytes, more than the limit of ${maxSendMessageLength} bytes`,
      );
    }
    return this.#responses.send(frame, false);
  }

  // ----------------------------------------------------------------------------------------------------------- end

  #endWithError(error: unknown): void {
    if (!(error instanceof RpcError)) {
      if (this.#cancelled === undefined) this.#owner.reportError(error, this.method);
      const { code } = RpcError.from(error);
      const message = code === Code.UNKNOWN ? 'the handler failed; the server has the details' : '';
      return this.#endWith({ code, message });
    }
    // An error that a call of the handler's own ended with: its trailers were meant for this process, not for the caller.
    const foreign = error.method !== undefined;
    this.#endWith({
      code: error.code === Code.OK ? Code.UNKNOWN : error.code,
      message: error.statusMessage,
      details: foreign ? undefined : error.details,
      metadata: foreign ? undefined : error.metadata,
    });
  }

  #deadlineExceeded(): void {
    this.#endWith({ code: Code.DEADLINE_EXCEEDED, message: 'the deadline passed before the call was done' });
  }

  /** Sends the status. Whatever still runs for the call is told to stop unless all went well. */
  #endWith(status: TrailerStatus): void {
    if (this.#ended) return;
    this.#ended = true;
    const trailer = mergeMetadata(this.#trailer, status.metadata);
    const full = { ...status, metadata: trailer };
    if (this.#headerSent) {
      this.#stream.finish(trailerFields(full));
    } else {
      this.#stream.finish(this.#withHeader(trailersOnlyFields(full, { contentType: this.#request.contentType })));
    }
    if (status.code !== Code.OK) this.#stop(new RpcError(status.code, status.message ?? ''));
    this.#release();
  }

  /** The stream is gone: nothing can be sent any more. */
  #cancel(reason: RpcError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stop(reason);
    this.#release();
  }

  /** A trailers-only response has one header section, so that `header` goes with it. */
  #withHeader(fields: HeaderFields): HeaderFields {
    this.#header?.appendTo(fields);
    return fields;
  }

  #stop(reason: RpcError): void {
    this.#cancelled = reason;
    this.#requests.fail(() => reason, false);
    this.#abort?.abort(reason);
    // A generator that waits for something else sees the signal only; any other iterator is told here.
    this.#responseIterator?.return?.().catch(() => {});
  }

  #release(): void {
    this.#deadlineTimer?.clear();
    this.#requests.discard();
    this.#responses.resume();
    this.#owner.callEnded(this);
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
