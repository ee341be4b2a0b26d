import type { CompiledMethod } from '../rpc/compile-service.js';
import type { Metadata } from '../rpc/metadata.js';
import type { CallOptions } from './call-options.js';

/** A call on its way out. `message` is an iterable, async or not, where the method takes a stream: `for await` reads both. */
export interface ClientRequest {
  readonly method: CompiledMethod;
  readonly message: unknown;
  /** The caller's options; its `timeoutMs` has become the `deadline` that it means. To change one, pass `{ ...request, options: { ...request.options, ... } }` on. */
  readonly options: CallOptions;
}

/** What came back. `message` is an async iterable where the method returns a stream; the call begins when it is iterated. */
export interface ClientResponse {
  readonly message: unknown;
  /** Metadata before the first message; empty until that has been read. */
  readonly header: Metadata;
  /** Metadata at the end; empty until the last message has been read. */
  readonly trailer: Metadata;
}

export type ClientNext = (request: ClientRequest) => Promise<ClientResponse>;

/**
 * Wraps all calls of a channel or of one client: `(next) => async (request) => next(request)`. The outer function runs once
 * for each method, the inner one for each call. The first interceptor of a list is the outermost.
 */
export type ClientInterceptor = (next: ClientNext) => ClientNext;
