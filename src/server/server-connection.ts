import type { ConnectionError } from '../http2/connection-error.js';
import { ErrorCode } from '../http2/error-code.js';
import type { HeaderFields } from '../http2/hpack/header-fields.js';
import type { Http2Stream } from '../http2/stream.js';
import { Code } from '../rpc/code.js';
import type { CompiledMethod } from '../rpc/compile-service.js';
import { acceptEncoding } from '../rpc/compression.js';
import { parseRequestHeader } from '../rpc/request-header.js';
import type { RequestRefusal } from '../rpc/request-refusal.js';
import { trailersOnlyFields } from '../rpc/trailer-status.js';
import type { Peer } from '../socket/peer.js';
import type { Connection } from '../transport/connector.js';
import type { KeepaliveOptions } from '../transport/keepalive.js';
import type { ServerLimits } from '../transport/limits.js';
import { Transport, type TransportEvents } from '../transport/transport.js';
import { ConnectionRecord } from './connection-record.js';
import type { MethodHandler } from './method-handler.js';
import { RefusedRequest } from './refused-request.js';
import type { RequestCounters } from './request-counters.js';
import { ServerCall, type ServerCallOwner } from './server-call.js';

/** What the connections of one server share. */
export interface ServerConnectionOptions {
  readonly limits: ServerLimits;
  readonly keepalive: KeepaliveOptions | undefined;
  readonly compression: 'identity' | 'gzip';
  readonly handlers: ReadonlyMap<string, MethodHandler>;
  readonly onHandlerError: (error: unknown, method: CompiledMethod) => void;
  readonly stopping: AbortSignal;
  readonly onClosed: (connection: ServerConnection) => void;
}

/** One client's connection: finds the handler of each request. */
export class ServerConnection implements ServerCallOwner, TransportEvents {
  readonly transport: Transport;
  readonly peer: Peer;
  readonly requests: RequestCounters;
  readonly #options: ServerConnectionOptions;
  #runningHandlers = 0;
  readonly #record: ConnectionRecord;

  constructor({ stream, peer }: Connection, options: ServerConnectionOptions, requests: RequestCounters) {
    this.peer = peer;
    this.requests = requests;
    this.#record = new ConnectionRecord(peer);
    this.#options = options;
    const { limits, keepalive } = options;
    this.transport = new Transport(stream, { role: 'server', limits, keepalive }, this);
    this.transport.start();
  }

  /** Stops taking calls; the connection closes when the open ones are done. */
  drain(): void {
    this.#record.draining();
    this.transport.drain('the server is shutting down');
    for (const { handler } of this.transport.connection.streams) if (handler instanceof RefusedRequest) handler.stop();
  }

  /** Ends the open calls with UNAVAILABLE, and the connection. */
  close(): void {
    this.#record.draining();
    // Not a Set of calls: its churn would cost more than this search, see StreamTable.
    for (const { handler } of this.transport.connection.streams) if (handler instanceof ServerCall) handler.shutDown();
    this.transport.close(ErrorCode.NO_ERROR, 'the server is shutting down');
  }

  // ---------------------------------------------------------------------------------------------- ServerCallOwner

  get compression(): 'identity' | 'gzip' {
    return this.#options.compression;
  }

  get stopping(): AbortSignal {
    return this.#options.stopping;
  }

  handlerStarted(): boolean {
    if (this.#runningHandlers >= this.#options.limits.maxRunningHandlers) return false;
    this.#runningHandlers++;
    return true;
  }

  handlerEnded(): void {
    this.#runningHandlers--;
  }

  reportError(error: unknown, method: CompiledMethod): void {
    try {
      this.#options.onHandlerError(error, method);
    } catch (thrown) {
      // The fault of a logger must not break the connection of other calls.
      process.nextTick(() => {
        throw thrown;
      });
    }
  }

  // ---------------------------------------------------------------------------------------------- TransportEvents

  onStream(stream: Http2Stream, fields: HeaderFields, endStream: boolean): void {
    if (stream.headerListTooLarge) {
      this.requests.requestsRejected++;
      const message = `the request header is over ${this.#options.limits.maxHeaderListSize} bytes; send less metadata`;
      return stream.finish(trailersOnlyFields({ code: Code.RESOURCE_EXHAUSTED, message }));
    }
    const request = parseRequestHeader(fields);
    if (request.kind === 'refusal') return this.#refuse(stream, request);
    const handler = this.#options.handlers.get(request.path);
    if (handler === undefined) {
      this.requests.requestsRejected++;
      const message = `this server has no method ${request.path.slice(1)}`;
      return stream.finish(trailersOnlyFields({ code: Code.UNIMPLEMENTED, message }, request));
    }
    const call = new ServerCall(this, handler, request, stream);
    stream.handler = call;
    call.start(endStream);
  }

  onGoaway(): void {
    this.#record.goaway();
  }

  onEnd(error: ConnectionError | undefined): void {
    this.#record.ended(error);
  }

  onClosed(): void {
    this.#record.closed();
    this.#options.onClosed(this);
  }

  #refuse(stream: Http2Stream, refusal: RequestRefusal): void {
    this.requests.requestsRejected++;
    const { code, message } = refusal;
    if (refusal.httpStatus === 200) {
      return stream.finish(trailersOnlyFields({ code, message }, { acceptEncoding }));
    }
    const refused = new RefusedRequest(stream, refusal);
    if (this.transport.connection.draining) refused.stop();
  }
}
