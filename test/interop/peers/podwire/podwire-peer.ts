import { TestServiceDefinition, UnimplementedServiceDefinition } from '../../../../gen/grpc/testing/test.js';
import { type Code, createChannel, createClient, createServer, RpcError, sameUser } from '../../../../src/index.js';
import type { TestClient } from '../typescript/test-client.js';
import { TestService } from '../typescript/test-service.js';

const { emptyCall, unaryCall, streamingInputCall, streamingOutputCall, fullDuplexCall } = TestServiceDefinition.methods;

/** Without what no server implements: podwire wants a function for every method of a definition. */
const served = {
  ...TestServiceDefinition,
  methods: { emptyCall, unaryCall, streamingInputCall, streamingOutputCall, fullDuplexCall },
};

/** Resolves to what ends the server. */
export async function podwireServer(endpoint: string): Promise<() => Promise<void>> {
  const service = new TestService((code, message, details) => new RpcError(code as Code, message, { details }));
  const server = createServer();
  server.add(served, service);
  // An abstract name needs a policy; of a path the mode decides, also where nobody can tell who calls.
  await server.listen(endpoint, endpoint.startsWith('unix-abstract:') ? { allowPeer: sameUser() } : {});
  return () => server.shutdown({ graceMs: 0 });
}

/** The cases' calls on podwire's typed client. */
export function podwireClient(endpoint: string): TestClient {
  const channel = createChannel(endpoint);
  return {
    ...createClient(TestServiceDefinition, channel),
    unimplementedService: createClient(UnimplementedServiceDefinition, channel).unimplementedCall,
    statusOf(error) {
      if (!(error instanceof RpcError)) {
        throw error;
      }
      return { code: error.code, message: error.statusMessage, details: error.details };
    },
    close: () => channel.close(),
  };
}
