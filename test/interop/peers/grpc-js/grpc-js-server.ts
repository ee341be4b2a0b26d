import { addAbortSignal } from 'node:stream';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { Status as StatusMessage } from '../../../../gen/google/rpc/status.js';
import type { Empty } from '../../../../gen/grpc/testing/empty.js';
import type {
  SimpleRequest,
  StreamingInputCallRequest,
  StreamingOutputCallRequest,
} from '../../../../gen/grpc/testing/messages.js';
import { type ServerCall, TestService } from '../typescript/test-service.js';
import { received } from './received-metadata.js';
import { testServiceDefinition } from './test-service-definition.js';

class StatusError extends Error {
  readonly code: number;
  readonly details: string;
  readonly metadata = new Metadata();

  constructor(code: number, message: string, details: readonly { typeUrl: string; value: Uint8Array }[]) {
    super(message);
    this.code = code;
    this.details = message;
    if (details.length > 0) {
      const status = StatusMessage.encode(
        StatusMessage.fromPartial({
          code,
          message,
          details: details.map(({ typeUrl, value }) => ({ typeUrl, value: Buffer.from(value) })),
        }),
      ).finish();
      this.metadata.set('grpc-status-details-bin', Buffer.from(status));
    }
  }
}

/** Makes a server listen. */
export type Listen = (server: Server, endpoint: string) => Promise<unknown>;

/** Resolves to what ends the server. */
export async function grpcJsServer(endpoint: string, listen: Listen = bind): Promise<() => void> {
  const service = new TestService((code, message, details) => new StatusError(code, message, details));
  const server = new Server();
  const { emptyCall, unaryCall, streamingInputCall, streamingOutputCall, fullDuplexCall } = testServiceDefinition;
  server.addService(
    {
      emptyCall: emptyCall!,
      unaryCall: unaryCall!,
      streamingInputCall: streamingInputCall!,
      streamingOutputCall: streamingOutputCall!,
      fullDuplexCall: fullDuplexCall!,
    },
    {
      emptyCall: (call: ServerUnaryCall<Empty, unknown>, done: sendUnaryData<unknown>) =>
        once(call, done, (context) => service.emptyCall(call.request, context)),
      unaryCall: (call: ServerUnaryCall<SimpleRequest, unknown>, done: sendUnaryData<unknown>) =>
        once(call, done, (context) => service.unaryCall(call.request, context)),
      streamingInputCall: (
        call: ServerReadableStream<StreamingInputCallRequest, unknown>,
        done: sendUnaryData<unknown>,
      ) => once(call, done, (context) => service.streamingInputCall(requestsOf(call, context), context)),
      streamingOutputCall: (call: ServerWritableStream<StreamingOutputCallRequest, unknown>) =>
        stream(call, (context) => service.streamingOutputCall(call.request, context)),
      fullDuplexCall: (call: ServerDuplexStream<StreamingOutputCallRequest, unknown>) =>
        stream(call, (context) => service.fullDuplexCall(requestsOf(call, context), context)),
    },
  );
  await listen(server, endpoint);
  return () => server.forceShutdown();
}

function bind(server: Server, endpoint: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.bindAsync(endpoint, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
  });
}

/** What every kind of call has; grpc-js does not export its name for it. */
interface ServerSurfaceCall {
  readonly metadata: Metadata;
  sendMetadata(header: Metadata): void;
  on(event: 'cancelled', listener: () => void): unknown;
}

interface Context extends ServerCall {
  readonly header: Appendable;
  readonly trailer: Appendable;
}

class Appendable {
  readonly metadata = new Metadata();

  append(key: string, value: string | Uint8Array): void {
    this.metadata.add(key, typeof value === 'string' ? value : Buffer.from(value));
  }
}

function contextOf(call: ServerSurfaceCall): Context {
  const controller = new AbortController();
  call.on('cancelled', () => controller.abort());
  return {
    metadata: received(call.metadata),
    header: new Appendable(),
    trailer: new Appendable(),
    signal: controller.signal,
    // A wish: a grpc-js server does not compress.
    compression: 'identity',
  };
}

/** What the client sends. Reading a cancelled call would wait for ever, and a call must outlive its last request. */
function requestsOf<Request>(
  call: ServerReadableStream<Request, unknown> | ServerDuplexStream<Request, unknown>,
  context: Context,
): AsyncIterable<Request> {
  addAbortSignal(context.signal, call);
  return call.iterator({ destroyOnReturn: false });
}

async function once(
  call: ServerSurfaceCall,
  done: sendUnaryData<unknown>,
  handle: (context: Context) => Promise<unknown>,
): Promise<void> {
  const context = contextOf(call);
  try {
    const response = await handle(context);
    call.sendMetadata(context.header.metadata);
    done(null, response, context.trailer.metadata);
  } catch (error) {
    done(error as StatusError);
  }
}

async function stream<Request>(
  call: ServerWritableStream<Request, unknown> | ServerDuplexStream<Request, unknown>,
  handle: (context: Context) => AsyncIterable<unknown>,
): Promise<void> {
  const context = contextOf(call);
  let headerSent = false;
  try {
    for await (const response of handle(context)) {
      if (!headerSent) {
        call.sendMetadata(context.header.metadata);
        headerSent = true;
      }
      call.write(response);
    }
    call.end(context.trailer.metadata);
  } catch (error) {
    call.emit('error', error as StatusError);
  }
}
