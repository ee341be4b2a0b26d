import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { ConnectRouter, ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';

import type { CreateVolumeRequest, ListVolumesRequest } from '../../../gen/csi/v1/csi.js';
import type {
  SimpleRequest,
  StreamingInputCallRequest,
  StreamingOutputCallRequest,
} from '../../../gen/grpc/testing/messages.js';
import { body } from '../../node/body.js';
import { runServer } from '../../node/run-server.js';
import { createVolume, listVolumes } from '../../node/volumes.js';
import { Controller, TestService } from './schemas.js';

// The fields of the messages that are read and made here have the same names and types in both codecs.
const test = {
  emptyCall: () => ({}),
  unaryCall: ({ responseSize }: SimpleRequest) => ({ payload: { body: body(responseSize) } }),
  async *streamingOutputCall({ responseParameters }: StreamingOutputCallRequest) {
    for (const { size } of responseParameters) yield { payload: { body: body(size) } };
  },
  async streamingInputCall(requests: AsyncIterable<StreamingInputCallRequest>) {
    let aggregatedPayloadSize = 0;
    for await (const { payload } of requests) aggregatedPayloadSize += payload?.body.length ?? 0;
    return { aggregatedPayloadSize };
  },
  async *fullDuplexCall(requests: AsyncIterable<StreamingOutputCallRequest>) {
    for await (const { responseParameters } of requests) {
      for (const { size } of responseParameters) yield { payload: { body: body(size) } };
    }
  },
};
const controller = {
  createVolume: (request: CreateVolumeRequest) => createVolume(request),
  listVolumes: (request: ListVolumesRequest) => listVolumes(request),
};

const handler = connectNodeAdapter({
  connect: false,
  grpcWeb: false,
  acceptCompression: [],
  routes(router: ConnectRouter) {
    router.service(TestService, test as unknown as ServiceImpl<typeof TestService>);
    router.service(Controller, controller as unknown as ServiceImpl<typeof TestService>);
  },
});
const server = createServer(handler);
await runServer((endpoint) => once(server.listen(endpoint.replace('unix://', '')), 'listening'));
