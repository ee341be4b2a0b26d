import type { CompiledMethod } from '../../rpc/compile-service.js';

/** What requests of a client and of a server have in common. `message` is an iterable where the method takes a stream. */
export interface ObservableRequest {
  readonly method: CompiledMethod;
  readonly message: unknown;
}

/** What responses have in common. `message` is an async iterable where the method returns a stream. */
export interface ObservableResponse {
  readonly message: unknown;
}

/** An interceptor for either side: a ServerInterceptor as well as a ClientInterceptor. */
export type CallInterceptor = <Request extends ObservableRequest, Response extends ObservableResponse>(
  next: (request: Request) => Promise<Response>,
) => (request: Request) => Promise<Response>;
