import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { SimpleRequest, StreamingOutputCallRequest } from '../../../gen/grpc/testing/messages.js';
import { service } from './service.js';

const body = Buffer.alloc(4 * 1024 * 1024, 0x61);

const server = new Server();
server.addService(service, {
  unaryCall(call: ServerUnaryCall<SimpleRequest, object>, callback: sendUnaryData<object>) {
    callback(null, { payload: { body: body.subarray(0, call.request.responseSize) } });
  },
  async streamingOutputCall(call: ServerWritableStream<StreamingOutputCallRequest, object>) {
    for (const { size } of call.request.responseParameters) {
      if (!call.write({ payload: { body: body.subarray(0, size) } }))
        await new Promise((resolve) => call.once('drain', resolve));
    }
    call.end();
  },
});
server.bindAsync(process.argv[2] as string, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  console.log('listening');
});
process.once('SIGTERM', () => server.forceShutdown());
