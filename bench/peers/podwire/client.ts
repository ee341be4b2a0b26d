import { ControllerDefinition, CreateVolumeRequest } from '../../../gen/csi/v1/csi.js';
import { TestServiceDefinition } from '../../../gen/grpc/testing/test.js';
import { createChannel, createClient } from '../../../src/index.js';
import type { Connect } from '../../node/bench-client.js';
import { genericClient } from '../../node/generic-client.js';
import { runClient } from '../../node/run-client.js';

const connect: Connect = async (endpoint, createVolumeRequest) => {
  const channel = createChannel(endpoint);
  return genericClient(
    {
      test: createClient(TestServiceDefinition, channel),
      controller: createClient(ControllerDefinition, channel),
      options: () => ({ timeoutMs: 10_000 }),
      close: () => channel.close(),
    },
    CreateVolumeRequest.decode(createVolumeRequest),
  );
};

await runClient(connect);
