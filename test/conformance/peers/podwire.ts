import type { StreamingOutputCallRequest } from '../../../gen/grpc/testing/messages.js';
import { TestServiceDefinition } from '../../../gen/grpc/testing/test.js';
import { type Code, createServer, RpcError, sameUser } from '../../../src/index.js';
import { podwireClient } from '../../interop/peers/podwire/podwire-peer.js';
import { type ServerCall, TestService } from '../../interop/peers/typescript/test-service.js';
import { caseCommand } from '../case-command.js';

class CompressingService extends TestService {
  override async *streamingOutputCall(request: StreamingOutputCallRequest, call: ServerCall) {
    const { responseParameters } = request;
    if (responseParameters.every(({ compressed }) => compressed === undefined)) {
      return yield* super.streamingOutputCall(request, call);
    }
    for (const { size, compressed } of responseParameters) {
      call.compression = compressed?.value ? 'gzip' : 'identity';
      yield { payload: { body: Buffer.alloc(size) } };
    }
  }
}

await caseCommand({
  async serve(endpoint) {
    const service = new CompressingService((code, message, details) => {
      return new RpcError(code as Code, message, { details });
    });
    const server = createServer();
    server.addPartial(TestServiceDefinition, service);
    await server.listen(endpoint, { allowPeer: sameUser() });
    return () => server.shutdown({ graceMs: 0 });
  },
  connect: podwireClient,
});
