import { createServer } from 'node:http2';
import type { DescService } from '@bufbuild/protobuf';
import { ConnectError, type HandlerContext, type ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { sameUser } from '../../../../src/index.js';
import { listenSocket } from '../../../../src/socket/index.js';
import type { Detail } from '../typescript/test-client.js';
import { type ServerCall, TestService } from '../typescript/test-service.js';
import { appendHeader } from './append-header.js';
import { headerMetadata } from './header-metadata.js';
import { testService } from './services.js';

/** Resolves to what ends the server: connect's handlers behind node:http2, which takes the connections of a podwire listener. */
export async function connectServer(endpoint: string): Promise<() => Promise<void>> {
  const service = new TestService(connectError);
  const handlers = {
    emptyCall: (request, context) => service.emptyCall(request as never, serverCall(context)),
    unaryCall: (request, context) => one(context, service.unaryCall(request as never, serverCall(context))),
    streamingInputCall: (requests, context) =>
      one(context, service.streamingInputCall(requests as never, serverCall(context))),
    streamingOutputCall: (request, context) =>
      several(context, service.streamingOutputCall(request as never, serverCall(context))),
    fullDuplexCall: (requests, context) =>
      several(context, service.fullDuplexCall(requests as never, serverCall(context))),
  } as Record<string, (input: unknown, context: HandlerContext) => unknown>;
  const server = createServer(
    connectNodeAdapter({ routes: (router) => router.service(testService, handlers as ServiceImpl<DescService>) }),
  );
  const listener = await listenSocket(
    endpoint,
    { allowPeer: sameUser() },
    {
      onConnection(socket) {
        server.emit('connection', socket);
        // node:http2 reads from where the socket reads, and does not begin to by itself.
        socket.resume();
      },
      onRefused: (socket) => socket.destroy(),
    },
  );
  return () => listener.close();
}

/**
 * What a handler that was stopped fails with: the reason of the signal, such as its deadline. To connect the AbortError of a
 * timer is a fault of the handler, INTERNAL, which a client hears when the server's timer is the earlier one.
 */
function failureOf({ signal }: HandlerContext, error: unknown): unknown {
  return signal.aborted ? signal.reason : error;
}

async function one<Response>(context: HandlerContext, response: Promise<Response>): Promise<Response> {
  try {
    return await response;
  } catch (error) {
    throw failureOf(context, error);
  }
}

async function* several<Response>(
  context: HandlerContext,
  responses: AsyncIterable<Response>,
): AsyncGenerator<Response, void, void> {
  try {
    yield* responses;
  } catch (error) {
    throw failureOf(context, error);
  }
}

function connectError(code: number, message: string, details: readonly Detail[]): Error {
  const error = new ConnectError(message, code);
  error.details = details.map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf('/') + 1),
    value: new Uint8Array(value),
  }));
  return error;
}

function serverCall({ requestHeader, responseHeader, responseTrailer, signal }: HandlerContext): ServerCall {
  return {
    metadata: headerMetadata(requestHeader),
    header: { append: (key, value) => appendHeader(responseHeader, key, value) },
    trailer: { append: (key, value) => appendHeader(responseTrailer, key, value) },
    signal,
    // A wish: a connect server compresses by size and by what the client accepts.
    compression: 'identity',
  };
}
