import type { CompiledMethod } from '../rpc/compile-service.js';
import type { ServerContext } from './server-context.js';

/** A call on its way to its handler. `message` is an async iterable where the method takes a stream. */
export interface ServerRequest {
  readonly method: CompiledMethod;
  readonly context: ServerContext;
  readonly message: unknown;
}

/** What a handler answered. `message` is an async iterable where the method returns a stream. */
export interface ServerResponse {
  readonly message: unknown;
}

export type ServerNext = (request: ServerRequest) => Promise<ServerResponse>;

/**
 * Wraps all handlers of a server or of one service: `(next) => async (request) => next(request)`. The outer function runs
 * once for each method, the inner one for each call. The first interceptor of a list is the outermost.
 */
export type ServerInterceptor = (next: ServerNext) => ServerNext;
