import { bindServer, channelFactory } from '../../../../src/grpc-js/index.js';
import { sameUser } from '../../../../src/index.js';
import { grpcJsClient } from '../grpc-js/grpc-js-client.js';
import { grpcJsServer } from '../grpc-js/grpc-js-server.js';
import { peerCommand } from '../typescript/peer-command.js';

await peerCommand({
  serve: (endpoint) => grpcJsServer(endpoint, (server) => bindServer(server, endpoint, { allowPeer: sameUser() })),
  connect: (endpoint) => grpcJsClient(endpoint, { channelFactoryOverride: channelFactory() }),
});
