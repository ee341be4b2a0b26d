import { createRequire } from 'node:module';
import type { Histogram, Registry } from 'prom-client';
import { Code } from '../../rpc/code.js';
import type { CallInterceptor } from './call-interceptor.js';
import { observeCall } from './observe-call.js';

/** A `Registry` of prom-client. */
export interface MetricsRegistry {
  registerMetric(metric: never): void;
  getSingleMetric(name: string): unknown;
}

export interface MeasureCallsOptions {
  /** Who measures: whoever calls a plugin (`csi_sidecar_operations_seconds`) or the plugin (`csi_plugin_operations_seconds`). */
  readonly side: 'sidecar' | 'plugin';
  /** The driver's name, or a function that gives it once it is known. Default: `unknown-driver`. */
  readonly driverName?: string | (() => string | undefined);
}

type Label = 'driver_name' | 'method_name' | 'grpc_status_code';

/** Those of csi-lib-utils, so that its dashboards and alerts fit; in seconds. */
const BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600];

/** As grpc-go prints them, by number. */
const goNames: { readonly [code in Code]: string } = {
  [Code.OK]: 'OK',
  [Code.CANCELLED]: 'Canceled',
  [Code.UNKNOWN]: 'Unknown',
  [Code.INVALID_ARGUMENT]: 'InvalidArgument',
  [Code.DEADLINE_EXCEEDED]: 'DeadlineExceeded',
  [Code.NOT_FOUND]: 'NotFound',
  [Code.ALREADY_EXISTS]: 'AlreadyExists',
  [Code.PERMISSION_DENIED]: 'PermissionDenied',
  [Code.RESOURCE_EXHAUSTED]: 'ResourceExhausted',
  [Code.FAILED_PRECONDITION]: 'FailedPrecondition',
  [Code.ABORTED]: 'Aborted',
  [Code.OUT_OF_RANGE]: 'OutOfRange',
  [Code.UNIMPLEMENTED]: 'Unimplemented',
  [Code.INTERNAL]: 'Internal',
  [Code.UNAVAILABLE]: 'Unavailable',
  [Code.DATA_LOSS]: 'DataLoss',
  [Code.UNAUTHENTICATED]: 'Unauthenticated',
};

/**
 * An interceptor, for servers and clients, that counts calls and how long they take, with the names, labels and buckets of
 * csi-lib-utils. A stream takes until its end. Several with the same side and registry share one histogram.
 *
 * @throws Error when prom-client is not installed.
 */
export function measureCalls(registry: MetricsRegistry, options: MeasureCallsOptions): CallInterceptor {
  const { side, driverName = 'unknown-driver' } = options;
  if (side !== 'sidecar' && side !== 'plugin') {
    throw new TypeError(`side is 'sidecar' or 'plugin', not ${JSON.stringify(side)}`);
  }
  const histogram = histogramOf(registry, `csi_${side}_operations_seconds`);
  const nameDriver = typeof driverName === 'string' ? () => driverName : driverName;
  return (next) => (request) => {
    const began = performance.now();
    return observeCall(next, request, {
      onEnd: (error) => {
        const labels = {
          driver_name: nameDriver() || 'unknown-driver',
          method_name: request.method.path,
          grpc_status_code: goNames[error?.code ?? Code.OK] ?? `Code(${error?.code})`,
        };
        histogram.observe(labels, (performance.now() - began) / 1000);
      },
    });
  };
}

function histogramOf(registry: MetricsRegistry, name: string): Histogram<Label> {
  const registered = registry.getSingleMetric(name);
  if (registered !== undefined) return registered as Histogram<Label>;
  return new (promClient().Histogram)({
    name,
    help: 'Duration of CSI calls in seconds, by driver, method and gRPC status.',
    labelNames: ['driver_name', 'method_name', 'grpc_status_code'],
    buckets: BUCKETS,
    registers: [registry as unknown as Registry],
  });
}

/** Loaded by whoever measures, and by nobody else. */
function promClient(): typeof import('prom-client') {
  try {
    return createRequire(import.meta.url)('prom-client') as typeof import('prom-client');
  } catch (cause) {
    throw new Error('measureCalls needs the package prom-client: npm install prom-client', { cause });
  }
}
