import { bindServer, channelFactory } from '../../../src/grpc-js/index.js';
import { sameUser } from '../../../src/index.js';
import { grpcJsClient } from '../../interop/peers/grpc-js/grpc-js-client.js';
import { grpcJsServer } from '../../interop/peers/grpc-js/grpc-js-server.js';
import { caseCommand } from '../case-command.js';

await caseCommand({
  serve: (endpoint) => grpcJsServer(endpoint, (server) => bindServer(server, endpoint, { allowPeer: sameUser() })),
  connect: (endpoint) => grpcJsClient(endpoint, { channelFactoryOverride: channelFactory() }),
});
