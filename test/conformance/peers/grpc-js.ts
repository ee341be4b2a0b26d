import { grpcJsClient } from '../../interop/peers/grpc-js/grpc-js-client.js';
import { grpcJsServer } from '../../interop/peers/grpc-js/grpc-js-server.js';
import { caseCommand } from '../case-command.js';

await caseCommand({
  serve: (endpoint) => grpcJsServer(endpoint),
  // Else all channels of a process share one connection.
  connect: (endpoint) => grpcJsClient(endpoint, { 'grpc.use_local_subchannel_pool': 1 }),
});
// A call that is cancelled before there is a connection is begun on it all the same and never reset, whatever the server:
// grpc-js would wait for it for ever before it closes.
if (process.argv[2] === 'client') process.exit();
