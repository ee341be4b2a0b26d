import { promisify } from 'node:util';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { CreateVolumeRequest, ListVolumesRequest } from '../../../gen/csi/v1/csi.js';
import {
  type SimpleRequest,
  SimpleResponse,
  type StreamingInputCallRequest,
  type StreamingOutputCallRequest,
  StreamingOutputCallResponse,
} from '../../../gen/grpc/testing/messages.js';
import { body } from '../../node/body.js';
import { runServer } from '../../node/run-server.js';
import { createVolume, listVolumes } from '../../node/volumes.js';
import { controllerService, testService } from './service.js';

interface Writing {
  write(message: object): boolean;
  once(event: 'drain', listener: (value: unknown) => void): unknown;
}

async function write(call: Writing, { responseParameters }: StreamingOutputCallRequest): Promise<void> {
  for (const { size } of responseParameters) {
    const message = StreamingOutputCallResponse.fromPartial({ payload: { body: body(size) } });
    if (!call.write(message)) await new Promise((resolve) => call.once('drain', resolve));
  }
}

const server = new Server({ 'grpc.max_receive_message_length': 8 * 1024 * 1024 });
server.addService(testService, {
  emptyCall(_: unknown, callback: sendUnaryData<object>) {
    callback(null, {});
  },
  unaryCall({ request }: ServerUnaryCall<SimpleRequest, object>, callback: sendUnaryData<object>) {
    callback(null, SimpleResponse.fromPartial({ payload: { body: body(request.responseSize) } }));
  },
  async streamingOutputCall(call: ServerWritableStream<StreamingOutputCallRequest, object>) {
    await write(call, call.request);
    call.end();
  },
  streamingInputCall(call: ServerReadableStream<StreamingInputCallRequest, object>, callback: sendUnaryData<object>) {
    let aggregatedPayloadSize = 0;
    call.on('data', ({ payload }: StreamingInputCallRequest) => {
      aggregatedPayloadSize += payload?.body.length ?? 0;
    });
    call.on('end', () => callback(null, { aggregatedPayloadSize }));
  },
  fullDuplexCall(call: ServerDuplexStream<StreamingOutputCallRequest, object>) {
    let written = Promise.resolve();
    call.on('data', (request: StreamingOutputCallRequest) => {
      written = written.then(() => write(call, request));
    });
    call.on('end', () => written.then(() => call.end()));
  },
});
server.addService(controllerService, {
  createVolume({ request }: ServerUnaryCall<CreateVolumeRequest, object>, callback: sendUnaryData<object>) {
    callback(null, createVolume(request));
  },
  listVolumes({ request }: ServerUnaryCall<ListVolumesRequest, object>, callback: sendUnaryData<object>) {
    callback(null, listVolumes(request));
  },
});
const bind = promisify(server.bindAsync.bind(server));
await runServer((endpoint) => bind(endpoint, ServerCredentials.createInsecure()));
