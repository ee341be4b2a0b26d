import { ControllerDefinition } from '../../../gen/csi/v1/csi.js';
import { TestServiceDefinition } from '../../../gen/grpc/testing/test.js';
import { createServer } from '../../../src/index.js';
import { body } from '../../node/body.js';
import { runServer } from '../../node/run-server.js';
import { createVolume, listVolumes } from '../../node/volumes.js';

const server = createServer();
server.addPartial(TestServiceDefinition, {
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
});
server.addPartial(ControllerDefinition, {
  createVolume: async (request) => createVolume(request),
  listVolumes: async (request) => listVolumes(request),
});
await runServer((endpoint) => server.listen(endpoint, { maxConnections: 20_000, maxConnectionsPerUser: 20_000 }));
