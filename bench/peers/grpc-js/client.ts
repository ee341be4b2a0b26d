import { runClient } from '../../node/run-client.js';
import { grpcJsClient } from './grpc-js-client.js';

// A connection of its own: channels of one process share them otherwise.
await runClient(grpcJsClient({ 'grpc.use_local_subchannel_pool': 1 }));
