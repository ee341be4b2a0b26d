import { createServer } from 'nice-grpc';
import { ControllerDefinition } from '../../../gen/csi/v1/csi.js';
import { TestServiceDefinition } from '../../../gen/grpc/testing/test.js';
import { body } from '../../node/body.js';
import { runServer } from '../../node/run-server.js';
import { createVolume, listVolumes } from '../../node/volumes.js';

const { createVolume: creating, listVolumes: listing } = ControllerDefinition.methods;
const { emptyCall, unaryCall, streamingOutputCall, streamingInputCall, fullDuplexCall } = TestServiceDefinition.methods;
const testMethods = { emptyCall, unaryCall, streamingOutputCall, streamingInputCall, fullDuplexCall };

const server = createServer({ 'grpc.max_receive_message_length': 8 * 1024 * 1024 });
server.add(
  { ...TestServiceDefinition, methods: testMethods },
  {
    emptyCall: async () => ({}),
    unaryCall: async ({ responseSize }) => ({ payload: { body: body(responseSize) } }),
    async *streamingOutputCall({ responseParameters }) {
      for (const { size } of responseParameters) yield { payload: { body: body(size) } };
    },
    async streamingInputCall(requests) {
      let aggregatedPayloadSize = 0;
      for await (const { payload } of requests) aggregatedPayloadSize += payload?.body.length ?? 0;
      return { aggregatedPayloadSize };
    },
    async *fullDuplexCall(requests) {
      for await (const { responseParameters } of requests) {
        for (const { size } of responseParameters) yield { payload: { body: body(size) } };
      }
    },
  },
);
server.add(
  { ...ControllerDefinition, methods: { createVolume: creating, listVolumes: listing } },
  { createVolume: async (request) => createVolume(request), listVolumes: async (request) => listVolumes(request) },
);
await runServer((endpoint) => server.listen(endpoint));
