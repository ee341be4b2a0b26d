import type { CompiledMethod } from '../rpc/compile-service.js';
import type { Metadata } from '../rpc/metadata.js';
import type { ServerContext } from '../server/server-context.js';
import type { ServerInterceptor } from '../server/server-interceptor.js';
import type { Peer } from '../socket/peer.js';
import { fromNiceMetadata, MetadataView, type NiceMetadata } from './nice-metadata.js';
import { type NiceMiddleware, runMiddleware } from './nice-middleware.js';

/** The shape of nice-grpc's CallContext. */
export interface NiceCallContext {
  metadata: NiceMetadata;
  /** The endpoint of the connection; podwire's context has the process. */
  peer: string;
  header: NiceMetadata;
  sendHeader(): void;
  trailer: NiceMetadata;
  signal: AbortSignal;
}

/** The shape of nice-grpc's ServerMiddleware. */
export type NiceServerMiddleware = NiceMiddleware<NiceCallContext>;

/**
 * Runs a server middleware of nice-grpc as an interceptor: `createServer({ interceptors: [fromServerMiddleware(m)] })`, the
 * first one outermost, as there.
 *
 * Middleware sees nice-grpc's metadata and a `ServerError` for the RpcError of a handler; a `ServerError` that it throws is
 * the status of the call. What it adds to the context, or changes of `metadata` and `signal`, reaches the handler and the
 * middleware behind it.
 *
 * Other than in nice-grpc:
 * - `method.options` tells an idempotent method as IDEMPOTENT, also one without side effects, and has nothing else;
 * - `grpc-status-details-bin` cannot be set as a trailer: throw an RpcError with `details`.
 */
export function fromServerMiddleware(middleware: NiceServerMiddleware): ServerInterceptor {
  return (next) => async (request) => {
    const { method, context } = request;
    const call = async (message: unknown, niceContext: NiceCallContext): Promise<unknown> =>
      (await next({ ...request, message, context: new ChangedContext(context, niceContext) })).message;
    const niceContext = toNiceContext(context);
    return { message: await runMiddleware(middleware, 'ServerError', method, request.message, niceContext, call) };
  };
}

function toNiceContext(context: ServerContext): NiceCallContext {
  return {
    // What middleware before this one has added.
    ...(context instanceof ChangedContext && context),
    metadata: new MetadataView(context.metadata),
    peer: context.peer.endpoint,
    header: new MetadataView(context.header),
    trailer: new MetadataView(context.trailer),
    sendHeader: () => context.sendHeader(),
    // Made only when somebody looks.
    get signal() {
      return context.signal;
    },
  };
}

/** What podwire's context has under other types, or not to be replaced; all else is the middleware's own. */
const known: ReadonlySet<string> = new Set(['metadata', 'peer', 'header', 'trailer', 'sendHeader', 'signal']);

/** The context of a call with what a middleware has changed in it. Its own properties are what was added. */
class ChangedContext implements ServerContext {
  readonly #context: ServerContext;
  readonly #changed: NiceCallContext;

  constructor(context: ServerContext, changed: NiceCallContext) {
    this.#context = context;
    this.#changed = changed;
    for (const key of Object.keys(changed)) {
      // Defined, not assigned: it may have the name of a getter below.
      if (!known.has(key)) Object.defineProperty(this, key, { value: Reflect.get(changed, key), enumerable: true });
    }
  }

  get peer(): Peer {
    return this.#context.peer;
  }

  get method(): CompiledMethod {
    return this.#context.method;
  }

  get metadata(): Metadata {
    return fromNiceMetadata(this.#changed.metadata);
  }

  get header(): Metadata {
    return this.#context.header;
  }

  get trailer(): Metadata {
    return this.#context.trailer;
  }

  get deadline(): Date | undefined {
    return this.#context.deadline;
  }

  get signal(): AbortSignal {
    return this.#changed.signal;
  }

  get stopping(): AbortSignal {
    return this.#context.stopping;
  }

  get compression(): 'identity' | 'gzip' {
    return this.#context.compression;
  }

  set compression(encoding: 'identity' | 'gzip') {
    this.#context.compression = encoding;
  }

  sendHeader(): void {
    this.#context.sendHeader();
  }
}
