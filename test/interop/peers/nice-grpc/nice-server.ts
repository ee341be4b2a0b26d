import { Server } from '@grpc/grpc-js';
import { createServer } from 'nice-grpc';
import { ServerError, type ServerMiddleware } from 'nice-grpc-common';
import { Status as StatusMessage } from '../../../../gen/google/rpc/status.js';
import { TestServiceDefinition } from '../../../../gen/grpc/testing/test.js';
import { bindServer } from '../../../../src/grpc-js/index.js';
import { sameUser } from '../../../../src/index.js';
import type { Detail } from '../typescript/test-client.js';
import { type ServerCall, TestService } from '../typescript/test-service.js';

class DetailedError extends ServerError {
  readonly status: Uint8Array;

  constructor(code: number, message: string, details: readonly Detail[]) {
    super(code, message);
    const wanted = details.map(({ typeUrl, value }) => ({ typeUrl, value: Buffer.from(value) }));
    this.status = StatusMessage.encode(StatusMessage.fromPartial({ code, message, details: wanted })).finish();
  }
}

/** In nice-grpc details of an error are a trailer like others. */
const sendDetails: ServerMiddleware = async function* (call, context) {
  try {
    return yield* call.next(call.request, context);
  } catch (error) {
    if (error instanceof DetailedError) context.trailer.set('grpc-status-details-bin', error.status);
    throw error;
  }
};

/**
 * Resolves to what ends the server. nice-grpc makes its grpc-js server itself and shows it to nobody, so it is taken where
 * nice-grpc lets it listen.
 */
export async function niceServer(endpoint: string): Promise<() => void> {
  Server.prototype.bindAsync = function (address, _credentials, bound) {
    void bindServer(this, address, { allowPeer: sameUser() }).then(
      () => bound(null, 0),
      (error: Error) => bound(error, 0),
    );
  };
  const service = new TestService((code, message, details) => new DetailedError(code, message, details));
  const server = createServer().use(sendDetails);
  const { emptyCall, unaryCall, streamingInputCall, streamingOutputCall, fullDuplexCall } =
    TestServiceDefinition.methods;
  const methods = { emptyCall, unaryCall, streamingInputCall, streamingOutputCall, fullDuplexCall };
  // A wish: a grpc-js server does not compress.
  const uncompressed = <Context>(context: Context) => ({ ...context, compression: 'identity' }) as Context & ServerCall;
  server.add(
    { ...TestServiceDefinition, methods },
    {
      emptyCall: (request, context) => service.emptyCall(request, uncompressed(context)),
      unaryCall: (request, context) => service.unaryCall(request, uncompressed(context)),
      streamingInputCall: (requests, context) => service.streamingInputCall(requests, uncompressed(context)),
      streamingOutputCall: (request, context) => service.streamingOutputCall(request, uncompressed(context)),
      fullDuplexCall: (requests, context) => service.fullDuplexCall(requests, uncompressed(context)),
    },
  );
  await server.listen(endpoint);
  return () => server.forceShutdown();
}
