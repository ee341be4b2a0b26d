import { createRequire } from 'node:module';
import type { Span, SpanOptions, Tracer } from '@opentelemetry/api';
import type { CallOptions } from '../../client/call-options.js';
import { Code } from '../../rpc/code.js';
import { Metadata } from '../../rpc/metadata.js';
import type { RpcError } from '../../rpc/rpc-error.js';
import type { ServerContext } from '../../server/server-context.js';
import type { CallInterceptor, ObservableRequest } from './call-interceptor.js';
import { observeCall } from './observe-call.js';

/** A `Tracer` of @opentelemetry/api. */
export interface CallTracer {
  startSpan(name: string, options?: never, context?: never): unknown;
}

/** What is the server's own fault; the rest a caller has brought upon itself (semantic conventions for gRPC spans). */
const serverFaults: ReadonlySet<Code> = new Set([
  Code.UNKNOWN,
  Code.DEADLINE_EXCEEDED,
  Code.UNIMPLEMENTED,
  Code.INTERNAL,
  Code.UNAVAILABLE,
  Code.DATA_LOSS,
]);

/**
 * An interceptor, for servers and clients, that makes a span of each call. The context travels in the metadata as the
 * global propagator of @opentelemetry/api writes it, `traceparent` mostly; on a server the handler runs in the span's. Spans
 * have the attributes `rpc.system`, `rpc.service`, `rpc.method`, `rpc.grpc.status_code` and `network.transport`; nothing of
 * a message is in them.
 *
 * @throws Error when @opentelemetry/api is not installed.
 */
export function traceCalls(tracer: CallTracer): CallInterceptor {
  const api = openTelemetry();
  const spans = tracer as unknown as Tracer;
  return (next) => (request) => {
    const { method } = request;
    const server = isServerRequest(request);
    const parent = server
      ? api.propagation.extract(api.context.active(), request.context.metadata, metadataGetter)
      : api.context.active();
    const options: SpanOptions = {
      kind: server ? api.SpanKind.SERVER : api.SpanKind.CLIENT,
      attributes: {
        'rpc.system': 'grpc',
        'rpc.service': method.service,
        'rpc.method': method.name,
        'network.transport': 'unix',
      },
    };
    const span = spans.startSpan(method.fullName, options, parent);
    const current = api.trace.setSpan(parent, span);
    let traced = request;
    if (isClientRequest(request)) {
      const metadata = new Metadata(request.options.metadata);
      api.propagation.inject(current, metadata, metadataSetter);
      traced = { ...request, options: { ...request.options, metadata } };
    }
    const onEnd = (error: RpcError | undefined): void => {
      const failed = error !== undefined && (!server || serverFaults.has(error.code));
      endSpan(span, error, failed ? api.SpanStatusCode.ERROR : api.SpanStatusCode.UNSET);
    };
    return api.context.with(current, () => observeCall(next, traced, { onEnd }));
  };
}

function endSpan(span: Span, error: RpcError | undefined, status: number): void {
  span.setAttribute('rpc.grpc.status_code', error?.code ?? Code.OK);
  if (status !== 0) span.setStatus({ code: status, message: error?.statusMessage ?? '' });
  span.end();
}

function isServerRequest(request: ObservableRequest): request is ObservableRequest & { context: ServerContext } {
  return 'context' in request;
}

function isClientRequest(request: ObservableRequest): request is ObservableRequest & { options: CallOptions } {
  return 'options' in request;
}

const metadataGetter = {
  keys: (metadata: Metadata): string[] => Array.from(metadata, ([key]) => key),
  get: (metadata: Metadata, key: string): string | string[] | undefined => {
    const values = metadata.getAll(key).filter((value) => typeof value === 'string');
    return values.length > 1 ? values : values[0];
  },
};

const metadataSetter = {
  set: (metadata: Metadata, key: string, value: string): void => {
    metadata.set(key, value);
  },
};

/** Loaded by whoever traces, and by nobody else. */
function openTelemetry(): typeof import('@opentelemetry/api') {
  try {
    return createRequire(import.meta.url)('@opentelemetry/api') as typeof import('@opentelemetry/api');
  } catch (cause) {
    throw new Error('traceCalls needs the package @opentelemetry/api: npm install @opentelemetry/api', { cause });
  }
}
