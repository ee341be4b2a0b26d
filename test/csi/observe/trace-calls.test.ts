import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  type ContextManager,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  type TextMapPropagator,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ControllerDefinition, SnapshotMetadataDefinition } from '../../../gen/csi/v1/csi.js';
import { traceCalls } from '../../../src/csi/observe/trace-calls.js';
import { Code, createClient, createServer, RpcError } from '../../../src/index.js';
import { createInProcessChannel } from '../../../src/testing/index.js';

// The API is the real one. What it calls are stand-ins, for the SDK is no dependency of this project.

interface Recorded {
  readonly name: string;
  readonly kind: SpanKind | undefined;
  readonly context: SpanContext;
  readonly parent: SpanContext | undefined;
  readonly attributes: Attributes;
  status: { code: SpanStatusCode; message?: string };
  ends: number;
}

const spans: Recorded[] = [];

const tracer = {
  startSpan(name: string, options: SpanOptions = {}, parent: Context = context.active()): Span {
    const parentSpan = trace.getSpanContext(parent);
    const id = String(spans.length + 1).padStart(16, '0');
    const recorded: Recorded = {
      ...{ name, kind: options.kind, parent: parentSpan, attributes: { ...options.attributes } },
      context: { traceId: parentSpan?.traceId ?? id.repeat(2), spanId: id, traceFlags: 1 },
      ...{ status: { code: SpanStatusCode.UNSET }, ends: 0 },
    };
    spans.push(recorded);
    return {
      spanContext: () => recorded.context,
      setAttribute(key: string, value: string) {
        recorded.attributes[key] = value;
        return this;
      },
      setStatus(status: Recorded['status']) {
        recorded.status = status;
        return this;
      },
      end: () => recorded.ends++,
    } as unknown as Span;
  },
} as Tracer;

/** `traceparent` of W3C Trace Context, section 3.2. */
const propagator: TextMapPropagator = {
  fields: () => ['traceparent'],
  inject(active, carrier, setter) {
    const { traceId, spanId } = trace.getSpanContext(active)!;
    setter.set(carrier, 'traceparent', `00-${traceId}-${spanId}-01`);
  },
  extract(active, carrier, getter) {
    const [, traceId, spanId] = String(getter.get(carrier, 'traceparent') ?? '').split('-');
    if (traceId === undefined || spanId === undefined) return active;
    return trace.setSpanContext(active, { traceId, spanId, traceFlags: 1, isRemote: true });
  },
};

const storage = new AsyncLocalStorage<Context>();
const contextManager: ContextManager = {
  active: () => storage.getStore() ?? ROOT_CONTEXT,
  with: (active, run, thisArg, ...args) => storage.run(active, () => run.apply(thisArg as never, args)),
  bind: (_, target) => target,
  enable: () => contextManager,
  disable: () => contextManager,
};

beforeAll(() => {
  context.setGlobalContextManager(contextManager);
  propagation.setGlobalPropagator(propagator);
});

afterAll(() => {
  context.disable();
  propagation.disable();
});

beforeEach(() => {
  spans.length = 0;
});

function start() {
  const inHandler: (SpanContext | undefined)[] = [];
  const note = () => inHandler.push(trace.getActiveSpan()?.spanContext());
  const server = createServer({ interceptors: [traceCalls(tracer)] });
  server.addPartial(ControllerDefinition, {
    async deleteVolume({ volumeId }, { metadata }) {
      note();
      const code = Number(volumeId);
      if (code !== 0) throw new RpcError(code as Code, `as asked by ${metadata.get('asked-by')}`);
      return {};
    },
  });
  server.addPartial(SnapshotMetadataDefinition, {
    async *getMetadataAllocated() {
      note();
      yield {};
      note();
      yield {};
    },
  });
  const channel = createInProcessChannel(server, { interceptors: [traceCalls(tracer)] });
  return {
    inHandler,
    controller: createClient(ControllerDefinition, channel),
    metadata: createClient(SnapshotMetadataDefinition, channel),
  };
}

describe('traced calls', () => {
  it('are two spans, of which the server’s is the child of the client’s', async () => {
    const { controller, inHandler } = start();
    const outer = tracer.startSpan('provision');
    await context.with(trace.setSpan(ROOT_CONTEXT, outer), () => controller.deleteVolume({ volumeId: '0' }));
    const [provision, client, server] = spans;
    const attributes = {
      ...{ 'rpc.system': 'grpc', 'rpc.service': 'csi.v1.Controller', 'rpc.method': 'DeleteVolume' },
      ...{ 'network.transport': 'unix', 'rpc.grpc.status_code': 0 },
    };
    const name = 'csi.v1.Controller/DeleteVolume';
    const unset = { code: SpanStatusCode.UNSET };
    expect(client).toMatchObject({ name, kind: SpanKind.CLIENT, attributes, status: unset, ends: 1 });
    expect(server).toMatchObject({ name, kind: SpanKind.SERVER, attributes, status: unset, ends: 1 });
    expect(client!.parent).toEqual(provision!.context);
    expect(server!.parent).toMatchObject({ ...client!.context, isRemote: true });
    expect(inHandler).toEqual([server!.context]);
  });

  it('keep the metadata of the caller', async () => {
    const { controller } = start();
    const metadata = { 'asked-by': 'me' };
    const call = controller.deleteVolume({ volumeId: String(Code.ABORTED) }, { metadata });
    await expect(call).rejects.toMatchObject({ statusMessage: 'as asked by me' });
    expect(metadata).toEqual({ 'asked-by': 'me' });
  });

  it('have failed for the client with every status, for the server with those that are its own fault', async () => {
    const { controller } = start();
    const serverFaults: number[] = [];
    for (const code of Object.values(Code)) {
      spans.length = 0;
      await controller.deleteVolume({ volumeId: String(code) }).catch(() => {});
      const [client, server] = spans;
      expect(server!.attributes['rpc.grpc.status_code']).toBe(code);
      expect(client!.status.code).toBe(code === Code.OK ? SpanStatusCode.UNSET : SpanStatusCode.ERROR);
      if (code !== Code.OK) expect(client!.status.message).toContain('as asked');
      if (server!.status.code === SpanStatusCode.ERROR) serverFaults.push(code);
    }
    expect(serverFaults).toEqual([2, 4, 12, 13, 14, 15]);
  });

  it('go on until a stream ends, its handler in the span all the while', async () => {
    const { metadata, inHandler } = start();
    for await (const _ of metadata.getMetadataAllocated({})) expect(spans[0]!.ends).toBe(0);
    expect(spans.map(({ ends }) => ends)).toEqual([1, 1]);
    expect(inHandler).toEqual([spans[1]!.context, spans[1]!.context]);
  });
});
