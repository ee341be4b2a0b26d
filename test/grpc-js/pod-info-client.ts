import { promisify } from 'node:util';
import {
  type ClientOptions,
  credentials,
  Metadata,
  makeGenericClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import { channelFactory } from '../../src/grpc-js/index.js';
import { type AnyCall, podInfoService } from './pod-info-server.js';

/** A generated grpc-js client of PodInfo over podwire; it is closed with the test. */
export function podInfoClient(endpoint: string, options: ClientOptions = {}) {
  const PodInfo = makeGenericClientConstructor(podInfoService, 'PodInfo');
  const overPodwire = { channelFactoryOverride: channelFactory(), ...options };
  const client = new PodInfo(endpoint, credentials.createInsecure(), overPodwire);
  const methods = client as AnyCall;
  return {
    client,
    methods,
    waitForReady: promisify(client.waitForReady.bind(client)) as (deadline: number | Date) => Promise<void>,
    describe: (
      request: object,
      { metadata = new Metadata(), ...callOptions }: AnyCall = {},
    ): Promise<{ reply: string }> =>
      new Promise((resolve, reject) =>
        methods.describe(request, metadata, callOptions, (error: ServiceError | null, response: { reply: string }) =>
          error ? reject(error) : resolve(response),
        ),
      ),
    [Symbol.dispose]: () => client.close(),
  };
}
