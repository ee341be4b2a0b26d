import type { CallOptions } from '../client/call-options.js';
import type { ClientInterceptor } from '../client/client-interceptor.js';
import { Metadata } from '../rpc/metadata.js';
import { fromNiceMetadata, MetadataView, type NiceMetadata } from './nice-metadata.js';
import { type NiceMiddleware, runMiddleware } from './nice-middleware.js';

/** The shape of nice-grpc's CallOptions. What else the caller gave is there, too. */
export interface NiceCallOptions {
  metadata?: NiceMetadata;
  signal?: AbortSignal;
  onHeader?(header: NiceMetadata): void;
  onTrailer?(trailer: NiceMetadata): void;
}

/** The shape of nice-grpc's ClientMiddleware. */
export type NiceClientMiddleware = NiceMiddleware<NiceCallOptions>;

/**
 * Runs a client middleware of nice-grpc as an interceptor: `createChannel(endpoint, { interceptors: [fromClientMiddleware(m)] })`.
 *
 * Middleware sees nice-grpc's metadata, a `ClientError` for a status and an `AbortError` when the caller's signal cancelled
 * the call; the caller gets an RpcError. The call options go through it whole, with those that only a middleware knows.
 *
 * Other than in nice-grpc:
 * - the first interceptor is the outermost; there, the one that was `use`d last is;
 * - `method.options` tells an idempotent method as IDEMPOTENT, also one without side effects, and has nothing else;
 * - a `timeoutMs` has become the `deadline` that it means; a number as `deadline` is a moment to podwire, but a duration to
 *   nice-grpc's deadline middleware, which is not needed here;
 * - `grpc-status-details-bin` is not in trailers: an RpcError has it as `details`, a ClientError has it on its `cause`.
 */
export function fromClientMiddleware(middleware: NiceClientMiddleware): ClientInterceptor {
  return (next) => async (request) => {
    const { method } = request;
    // The middleware may call several times, or not at all: these are of the last time.
    const header = new Metadata();
    const trailer = new Metadata();
    const call = async (message: unknown, options: NiceCallOptions): Promise<unknown> => {
      const response = await next({ ...request, message, options: fromNiceOptions(options) });
      const observe = (): void => {
        replace(header, response.header);
        replace(trailer, response.trailer);
      };
      if (method.responseStream) return observed(response.message as AsyncIterable<unknown>, observe);
      observe();
      return response.message;
    };
    const options = toNiceOptions(request.options);
    const message = await runMiddleware(middleware, 'ClientError', method, request.message, options, call);
    return { message, header, trailer };
  };
}

/** Metadata arrives with the first message and with the end. */
async function* observed(responses: AsyncIterable<unknown>, observe: () => void): AsyncGenerator<unknown> {
  let first = true;
  try {
    for await (const response of responses) {
      if (first) observe();
      first = false;
      yield response;
    }
  } finally {
    observe();
  }
}

function replace(target: Metadata, source: Metadata): void {
  for (const [key] of target) target.delete(key);
  for (const [key, values] of source) target.set(key, values as never);
}

function toNiceOptions({ metadata, onHeader, onTrailer, ...rest }: CallOptions): NiceCallOptions {
  return {
    ...rest,
    // A copy, for middleware writes into it.
    ...(metadata && { metadata: new MetadataView(new Metadata(metadata)) }),
    ...(onHeader && { onHeader: (header) => onHeader(fromNiceMetadata(header)) }),
    ...(onTrailer && { onTrailer: (trailer) => onTrailer(fromNiceMetadata(trailer)) }),
  };
}

function fromNiceOptions({ metadata, onHeader, onTrailer, ...rest }: NiceCallOptions): CallOptions {
  return {
    ...rest,
    ...(metadata && { metadata: fromNiceMetadata(metadata) }),
    ...(onHeader && { onHeader: (header) => onHeader(new MetadataView(header)) }),
    ...(onTrailer && { onTrailer: (trailer) => onTrailer(new MetadataView(trailer)) }),
  };
}
