import { channelFactory } from '../../../src/grpc-js/index.js';
import { runClient } from '../../node/run-client.js';
import { grpcJsClient } from '../grpc-js/grpc-js-client.js';

await runClient(grpcJsClient({ channelFactoryOverride: channelFactory() }));
