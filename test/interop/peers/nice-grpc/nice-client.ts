import { compressionAlgorithms } from '@grpc/grpc-js';
import { type Client, createClientFactory } from 'nice-grpc';
import { ClientError, type ClientMiddleware, Metadata, type CallOptions as NiceCallOptions } from 'nice-grpc-common';
import { Status as StatusMessage } from '../../../../gen/google/rpc/status.js';
import { TestServiceDefinition, UnimplementedServiceDefinition } from '../../../../gen/grpc/testing/test.js';
import { channelFactory } from '../../../../src/grpc-js/index.js';
import type { CallOptions, Pairs, TestClient } from '../typescript/test-client.js';

/** google.rpc.Code. */
const code = { cancelled: 1, deadlineExceeded: 4 };

/** The trailers of failed calls, which nice-grpc's errors do not have. */
const trailers = new WeakMap<object, Metadata>();

const keepTrailer: ClientMiddleware = async function* (call, options) {
  let trailer: Metadata | undefined;
  const onTrailer = (received: Metadata) => {
    trailer = received;
    options.onTrailer?.(received);
  };
  try {
    return yield* call.next(call.request, { ...options, onTrailer });
  } catch (error) {
    if (trailer !== undefined) trailers.set(error as object, trailer);
    throw error;
  }
};

/** nice-grpc itself has no deadlines: its middleware for them cancels the call when the time is over, and so does this. */
const deadline: ClientMiddleware<Pick<CallOptions, 'timeoutMs'>> = async function* (call, options) {
  const { timeoutMs, ...rest } = options;
  if (timeoutMs === undefined) return yield* call.next(call.request, rest);
  const { signal } = rest;
  const over = AbortSignal.timeout(timeoutMs);
  try {
    return yield* call.next(call.request, { ...rest, signal: signal ? AbortSignal.any([signal, over]) : over });
  } catch (error) {
    if (!over.aborted) throw error;
    throw new ClientError(call.method.path, code.deadlineExceeded, 'the time is over');
  }
};

/** The cases' calls on nice-grpc's typed client, over podwire. */
export function niceClient(endpoint: string): TestClient {
  const channel = channelFactory(endpoint)();
  const compressing = channelFactory(endpoint)(undefined, undefined, {
    'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
  });
  const factory = createClientFactory().use(keepTrailer).use(deadline);
  const plain = factory.create(TestServiceDefinition, channel);
  const gzip = factory.create(TestServiceDefinition, compressing);
  const nowhere = factory.create(UnimplementedServiceDefinition, channel);
  const clientFor = (options?: CallOptions): Client<typeof TestServiceDefinition, Pick<CallOptions, 'timeoutMs'>> =>
    options?.compression === 'gzip' ? gzip : plain;
  return {
    emptyCall: (request, options) => clientFor(options).emptyCall(request, niceOptions(options)),
    unaryCall: (request, options) => clientFor(options).unaryCall(request, niceOptions(options)),
    streamingInputCall: (requests, options) => clientFor(options).streamingInputCall(requests, niceOptions(options)),
    streamingOutputCall: (request, options) => clientFor(options).streamingOutputCall(request, niceOptions(options)),
    fullDuplexCall: (requests, options) => clientFor(options).fullDuplexCall(requests, niceOptions(options)),
    unimplementedCall: (request, options) => clientFor(options).unimplementedCall(request, niceOptions(options)),
    unimplementedService: (request, options) => nowhere.unimplementedCall(request, niceOptions(options)),
    statusOf(error) {
      // A call that its signal ended has no status of gRPC's.
      if ((error as Error).name === 'AbortError') return { code: code.cancelled, message: '', details: [] };
      if (!(error instanceof ClientError)) throw error;
      const encoded = trailers.get(error)?.get('grpc-status-details-bin');
      const details = encoded === undefined ? [] : StatusMessage.decode(encoded).details;
      return { code: error.code, message: error.details, details };
    },
    close() {
      channel.close();
      compressing.close();
    },
  };
}

function niceOptions(options: CallOptions = {}): NiceCallOptions & Pick<CallOptions, 'timeoutMs'> {
  const { timeoutMs, signal, onHeader, onTrailer } = options;
  return { timeoutMs, signal, onHeader, onTrailer, metadata: metadataOf(options.metadata) };
}

function metadataOf(pairs: Pairs = []): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of pairs) metadata.append(key, value as never);
  return metadata;
}
