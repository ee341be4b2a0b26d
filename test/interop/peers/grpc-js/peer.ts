import { peerCommand } from '../typescript/peer-command.js';
import { grpcJsClient } from './grpc-js-client.js';
import { grpcJsServer } from './grpc-js-server.js';

await peerCommand({ serve: grpcJsServer, connect: grpcJsClient });
