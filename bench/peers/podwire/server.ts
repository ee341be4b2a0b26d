import { TestServiceDefinition } from '../../../gen/grpc/testing/test.js';
import { Code, createServer, RpcError, type ServiceImplementation } from '../../../src/index.js';

const body = Buffer.alloc(4 * 1024 * 1024, 0x61);

function unused(): never {
  throw new RpcError(Code.UNIMPLEMENTED, 'not part of the benchmark');
}

const implementation: ServiceImplementation<typeof TestServiceDefinition> = {
  emptyCall: async () => ({}),
  unaryCall: async ({ responseSize }) => ({ payload: { body: body.subarray(0, responseSize) } }),
  async *streamingOutputCall({ responseParameters }) {
    for (const { size } of responseParameters) yield { payload: { body: body.subarray(0, size) } };
  },
  cacheableUnaryCall: unused,
  streamingInputCall: unused,
  fullDuplexCall: unused,
  halfDuplexCall: unused,
  unimplementedCall: unused,
};

const server = createServer({ shutdownOn: true });
server.add(TestServiceDefinition, implementation);
await server.listen(process.argv[2] as string);
console.log('listening');
