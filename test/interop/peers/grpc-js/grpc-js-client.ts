import {
  type Call,
  Client,
  type ClientOptions,
  type ClientReadableStream,
  type ClientWritableStream,
  compressionAlgorithms,
  credentials,
  Metadata,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js';
import { Status as StatusMessage } from '../../../../gen/google/rpc/status.js';
import type { CallOptions, Pairs, TestClient } from '../typescript/test-client.js';
import { received } from './received-metadata.js';
import { testServiceDefinition, unimplementedServiceDefinition } from './test-service-definition.js';

/** The cases' calls on grpc-js's own generic client. */
export function grpcJsClient(endpoint: string, clientOptions: ClientOptions = {}): TestClient {
  const plain = new Client(endpoint, credentials.createInsecure(), clientOptions);
  // grpc-js compresses per channel, not per call.
  const compressing = new Client(endpoint, credentials.createInsecure(), {
    ...clientOptions,
    'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
  });
  const clientFor = (options?: CallOptions) => (options?.compression === 'gzip' ? compressing : plain);
  const { emptyCall, unaryCall, streamingInputCall, streamingOutputCall, fullDuplexCall, unimplementedCall } =
    testServiceDefinition;

  const unary =
    <Request, Response>(method = emptyCall!) =>
    (request: Request, options?: CallOptions): Promise<Response> =>
      answerOf(
        (callback) =>
          clientFor(options).makeUnaryRequest(
            method.path,
            method.requestSerialize,
            method.responseDeserialize,
            request,
            metadataOf(options?.metadata),
            deadlineOf(options),
            callback,
          ),
        options,
      );

  return {
    emptyCall: unary(emptyCall),
    unaryCall: unary(unaryCall),
    unimplementedCall: unary(unimplementedCall),
    unimplementedService: unary(unimplementedServiceDefinition.unimplementedCall),
    streamingInputCall: (requests, options) =>
      answerOf((callback) => {
        const call = clientFor(options).makeClientStreamRequest(
          streamingInputCall!.path,
          streamingInputCall!.requestSerialize,
          streamingInputCall!.responseDeserialize,
          metadataOf(options?.metadata),
          deadlineOf(options),
          callback,
        );
        void send(requests, call);
        return call;
      }, options),
    streamingOutputCall(request, options) {
      const call = clientFor(options).makeServerStreamRequest(
        streamingOutputCall!.path,
        streamingOutputCall!.requestSerialize,
        streamingOutputCall!.responseDeserialize,
        request,
        metadataOf(options?.metadata),
        deadlineOf(options),
      );
      watch(call, options);
      return call;
    },
    fullDuplexCall(requests, options) {
      const call = clientFor(options).makeBidiStreamRequest(
        fullDuplexCall!.path,
        fullDuplexCall!.requestSerialize,
        fullDuplexCall!.responseDeserialize,
        metadataOf(options?.metadata),
        deadlineOf(options),
      );
      watch(call, options);
      void send(requests, call);
      return call;
    },
    statusOf(error) {
      const { code, details: message, metadata } = error as ServiceError;
      const [encoded] = metadata.get('grpc-status-details-bin');
      return { code, message, details: encoded === undefined ? [] : StatusMessage.decode(encoded as Buffer).details };
    },
    close() {
      plain.close();
      compressing.close();
    },
  };
}

type Callback<Response> = (error: ServiceError | null, response?: Response) => void;

function answerOf<Response>(
  start: (callback: Callback<Response>) => EventedCall,
  options: CallOptions | undefined,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const call = start((error, response) => (error ? reject(error) : resolve(response as Response)));
    watch(call, options);
  });
}

type EventedCall = Call | ClientReadableStream<unknown> | ClientWritableStream<unknown>;

function watch(call: EventedCall, options: CallOptions | undefined): void {
  const cancel = () => call.cancel();
  options?.signal?.addEventListener('abort', cancel, { once: true });
  call.on('metadata', (header: Metadata) => options?.onHeader?.(received(header)));
  call.on('status', ({ metadata }: StatusObject) => {
    options?.signal?.removeEventListener('abort', cancel);
    options?.onTrailer?.(received(metadata));
  });
}

async function send(requests: AsyncIterable<unknown>, call: ClientWritableStream<unknown>): Promise<void> {
  for await (const request of requests) {
    call.write(request);
  }
  call.end();
}

function deadlineOf(options: CallOptions | undefined): { deadline?: number } {
  return options?.timeoutMs === undefined ? {} : { deadline: Date.now() + options.timeoutMs };
}

function metadataOf(pairs: Pairs = []): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of pairs) {
    metadata.add(key, typeof value === 'string' ? value : Buffer.from(value));
  }
  return metadata;
}
