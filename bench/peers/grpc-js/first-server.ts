import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import type { DescribeRequest } from '../../../gen/podinfo/v1/podinfo.js';
import { ProgramOptions } from '../../node/program-options.js';
import { podInfoService } from './pod-info-service.js';

const server = new Server();
server.addService(podInfoService, {
  describe({ request }: ServerUnaryCall<DescribeRequest, object>, callback: sendUnaryData<object>) {
    callback(null, { reply: `${request.text} And a reply from the server.` });
  },
});
server.bindAsync(new ProgramOptions().text('endpoint'), ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  console.log('listening');
});
process.once('SIGTERM', () => server.forceShutdown());
