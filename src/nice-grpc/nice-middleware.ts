import type { CompiledMethod } from '../rpc/compile-service.js';
import { fromNiceError, type NiceErrorKind, toNiceError } from './nice-error.js';

/** The shape of nice-grpc's MethodDescriptor. */
export interface NiceMethod {
  /** `/podinfo.v1.PodInfo/Describe` */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly options: { readonly idempotencyLevel?: 'IDEMPOTENT' | 'NO_SIDE_EFFECTS' };
}

/** The first argument of a middleware; `Context` is the second: the options of a client's call, the context of a server's. */
export type NiceCall<Request, Response, Context> = { method: NiceMethod } & (
  | { requestStream: false; request: Request }
  | { requestStream: true; request: AsyncIterable<Request> }
) &
  (
    | {
        responseStream: false;
        next(request: Request | AsyncIterable<Request>, context: Context): AsyncGenerator<never, Response, undefined>;
      }
    | {
        responseStream: true;
        next(request: Request | AsyncIterable<Request>, context: Context): AsyncGenerator<Response, void, undefined>;
      }
  );

/** A middleware. It may ask for more of its second argument than is known here, which only the type of a method allows. */
export type NiceMiddleware<Context> = {
  run<Request, Response>(
    call: NiceCall<Request, Response, Context>,
    context: Context,
    // biome-ignore lint/suspicious/noConfusingVoidType: what nice-grpc's own type says
  ): AsyncGenerator<Response, Response | void, undefined>;
}['run'];

type Responses = AsyncGenerator<unknown, unknown, undefined>;

/**
 * Runs a middleware around `next`, and translates errors in both directions.
 *
 * @returns the response, or an async iterable of them, with which the middleware begins when it is iterated.
 */
export async function runMiddleware<Context extends { readonly signal?: AbortSignal }>(
  middleware: NiceMiddleware<Context>,
  throws: NiceErrorKind,
  method: CompiledMethod,
  message: unknown,
  context: Context,
  next: (message: unknown, context: Context) => Promise<unknown>,
): Promise<unknown> {
  const { path, requestStream, responseStream } = method;
  async function* call(changed: unknown, changedContext: Context): Responses {
    if (isAsyncIterable(changed) !== requestStream) {
      const wanted = requestStream ? 'an async iterable of messages' : 'one message';
      throw new TypeError(`middleware passed the wrong request to next: ${path} takes ${wanted}`);
    }
    try {
      const response = await next(changed, changedContext);
      if (!responseStream) return response;
      yield* response as AsyncIterable<unknown>;
    } catch (error) {
      throw toNiceError(throws, error, path, changedContext);
    }
  }
  const niceCall = { method: niceMethod(method), requestStream, request: message, responseStream, next: call };
  const responses = middleware(niceCall as unknown as NiceCall<unknown, unknown, Context>, context);
  return responseStream ? eachOf(responses, path) : oneOf(responses, path);
}

function niceMethod({ path, requestStream, responseStream, idempotent }: CompiledMethod): NiceMethod {
  return { path, requestStream, responseStream, options: idempotent ? { idempotencyLevel: 'IDEMPOTENT' } : {} };
}

/** What the middleware returns. A message that it yields is thrown back at it, as nice-grpc does. */
async function oneOf(responses: Responses, path: string): Promise<unknown> {
  try {
    let result = await responses.next();
    while (!result.done) {
      result = await responses.throw(new TypeError(`middleware yielded a message; ${path} has one, to be returned`));
    }
    if (result.value == null) throw new TypeError(`middleware returned nothing; ${path} has one message to return`);
    return result.value;
  } catch (error) {
    throw fromNiceError(error);
  }
}

async function* eachOf(responses: Responses, path: string): AsyncGenerator<unknown> {
  try {
    const returned = yield* responses;
    if (returned != null) throw new TypeError(`middleware returned a message; those of ${path} are to be yielded`);
  } catch (error) {
    throw fromNiceError(error);
  }
}

function isAsyncIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
