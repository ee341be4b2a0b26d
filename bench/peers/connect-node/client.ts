import { connect as connectSocket } from 'node:net';
import { fromBinary } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import type { Connect } from '../../node/bench-client.js';
import { type GenericCalls, genericClient } from '../../node/generic-client.js';
import { runClient } from '../../node/run-client.js';
import { Controller, createVolumeMethod, TestService } from './schemas.js';

type Calls = GenericCalls<{ timeoutMs: number }, object>;

const connect: Connect = async (endpoint, createVolumeRequest) => {
  const path = endpoint.replace('unix://', '');
  const baseUrl = 'http://localhost';
  const sessionManager = new Http2SessionManager(baseUrl, undefined, { createConnection: () => connectSocket(path) });
  const transport = createGrpcTransport({
    baseUrl,
    sessionManager,
    // It would compress what is larger than 1 KiB, which no other peer does by default.
    acceptCompression: [],
  });
  return genericClient(
    {
      // The clients of services that were read from descriptors have no types of their own.
      test: createClient(TestService, transport) as unknown as Calls['test'],
      controller: createClient(Controller, transport) as unknown as Calls['controller'],
      options: () => ({ timeoutMs: 10_000 }),
      close: () => sessionManager.abort(),
    },
    fromBinary(createVolumeMethod.input, createVolumeRequest),
  );
};

await runClient(connect);
