import { credentials } from '@grpc/grpc-js';
import { createChannel, createClient } from 'nice-grpc';
import { ControllerDefinition, CreateVolumeRequest } from '../../../gen/csi/v1/csi.js';
import { TestServiceDefinition } from '../../../gen/grpc/testing/test.js';
import type { Connect } from '../../node/bench-client.js';
import { genericClient } from '../../node/generic-client.js';
import { runClient } from '../../node/run-client.js';

const connect: Connect = async (endpoint, createVolumeRequest) => {
  const channel = createChannel(endpoint, credentials.createInsecure(), {
    // A connection of its own: channels of one process share them otherwise.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': 8 * 1024 * 1024,
  });
  return genericClient(
    {
      test: createClient(TestServiceDefinition, channel),
      controller: createClient(ControllerDefinition, channel),
      // What nice-grpc has for a deadline without another package.
      options: () => ({ signal: AbortSignal.timeout(10_000) }),
      close: () => channel.close(),
    },
    CreateVolumeRequest.decode(createVolumeRequest),
  );
};

await runClient(connect);
