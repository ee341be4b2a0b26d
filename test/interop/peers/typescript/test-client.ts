import type { Empty } from '../../../../gen/grpc/testing/empty.js';
import type {
  DeepPartial,
  SimpleRequest,
  SimpleResponse,
  StreamingInputCallRequest,
  StreamingInputCallResponse,
  StreamingOutputCallRequest,
  StreamingOutputCallResponse,
} from '../../../../gen/grpc/testing/messages.js';

export type Pairs = readonly (readonly [key: string, value: string | Uint8Array])[];

export interface ReceivedMetadata {
  getAll(key: string): readonly (string | Uint8Array)[];
}

export interface CallOptions {
  metadata?: Pairs;
  timeoutMs?: number;
  signal?: AbortSignal;
  compression?: 'gzip' | 'identity';
  onHeader?: (header: ReceivedMetadata) => void;
  onTrailer?: (trailer: ReceivedMetadata) => void;
}

export interface Detail {
  typeUrl: string;
  value: Uint8Array;
}

export interface Status {
  code: number;
  message: string;
  details: readonly Detail[];
}

/** What a TypeScript library has to offer so that the cases can run on it. */
export interface TestClient {
  emptyCall(request: Empty, options?: CallOptions): Promise<Empty>;
  unaryCall(request: DeepPartial<SimpleRequest>, options?: CallOptions): Promise<SimpleResponse>;
  streamingInputCall(
    requests: AsyncIterable<DeepPartial<StreamingInputCallRequest>>,
    options?: CallOptions,
  ): Promise<StreamingInputCallResponse>;
  streamingOutputCall(
    request: DeepPartial<StreamingOutputCallRequest>,
    options?: CallOptions,
  ): AsyncIterable<StreamingOutputCallResponse>;
  fullDuplexCall(
    requests: AsyncIterable<DeepPartial<StreamingOutputCallRequest>>,
    options?: CallOptions,
  ): AsyncIterable<StreamingOutputCallResponse>;
  unimplementedCall(request: Empty, options?: CallOptions): Promise<Empty>;
  unimplementedService(request: Empty, options?: CallOptions): Promise<Empty>;
  /** What a failed call's error says. */
  statusOf(error: unknown): Status;
  close(): void | Promise<void>;
}
