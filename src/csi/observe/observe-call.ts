import { Code } from '../../rpc/code.js';
import { RpcError } from '../../rpc/rpc-error.js';
import type { ObservableRequest, ObservableResponse } from './call-interceptor.js';

/** What somebody wants to know of one call. */
export interface CallObserver {
  /** Each message of the request, on its way. */
  onRequest?(message: unknown): void;
  /** Each message of the response, on its way. */
  onResponse?(message: unknown): void;
  /** Once, at the end; no error when the call succeeded. A stream that its reader leaves ends as CANCELLED. */
  onEnd(error: RpcError | undefined): void;
}

type Messages = AsyncIterable<unknown> | Iterable<unknown>;

/** Runs a call and tells the observer about it; nothing that passes is changed. */
export async function observeCall<Request extends ObservableRequest, Response extends ObservableResponse>(
  next: (request: Request) => Promise<Response>,
  request: Request,
  observer: CallObserver,
): Promise<Response> {
  const { requestStream, responseStream } = request.method;
  const onRequest = observer.onRequest?.bind(observer);
  const onResponse = observer.onResponse?.bind(observer);
  let observed = request;
  if (onRequest !== undefined) {
    if (requestStream) observed = { ...request, message: tapped(request.message as Messages, onRequest) };
    else onRequest(request.message);
  }
  let response: Response;
  try {
    response = await next(observed);
  } catch (error) {
    observer.onEnd(statusOf(error, request));
    throw error;
  }
  if (responseStream) {
    const onEnd = (error?: unknown): void => observer.onEnd(error === undefined ? undefined : statusOf(error, request));
    const onLeft = (): void => onEnd(cancellation(request, new RpcError(Code.CANCELLED, 'left by its reader')));
    return { ...response, message: tapped(response.message as Messages, onResponse, onEnd, onLeft) };
  }
  onResponse?.(response.message);
  observer.onEnd(undefined);
  return response;
}

/** The same messages, each told before it is passed on. */
function tapped(
  messages: Messages,
  onMessage?: (message: unknown) => void,
  onEnd?: (error?: unknown) => void,
  onLeft?: () => void,
): AsyncIterable<unknown> {
  return {
    [Symbol.asyncIterator]() {
      const iterator: AsyncIterator<unknown> | Iterator<unknown> =
        Symbol.asyncIterator in messages ? messages[Symbol.asyncIterator]() : messages[Symbol.iterator]();
      let ended = false;
      const end = (told: () => void): void => {
        if (!ended) told();
        ended = true;
      };
      return {
        next: async () => {
          let result: IteratorResult<unknown>;
          try {
            result = await iterator.next();
          } catch (error) {
            // Whatever is thrown is an error, undefined as well.
            end(() => onEnd?.(error ?? new RpcError(Code.UNKNOWN, 'unexpected error')));
            throw error;
          }
          if (result.done) end(() => onEnd?.());
          else onMessage?.(result.value);
          return result;
        },
        // Not through a generator: it must reach an iterator that waits.
        return: async () => {
          end(() => onLeft?.());
          return (await iterator.return?.()) ?? { value: undefined, done: true };
        },
      };
    },
  };
}

/** What a call that threw ended with. */
function statusOf(error: unknown, request: ObservableRequest): RpcError {
  const status = RpcError.from(error);
  // A handler that was asked to stop throws some AbortError; the reason is in its context.
  return status !== error && status.code === Code.CANCELLED ? cancellation(request, status) : status;
}

/** Why a call is over before its end: what the server's context says, else as `otherwise`. */
function cancellation(request: ObservableRequest, otherwise: RpcError): RpcError {
  const { context } = request as { readonly context?: { readonly signal: AbortSignal } };
  return context?.signal.aborted ? RpcError.from(context.signal.reason, Code.CANCELLED) : otherwise;
}
