import { type ClientReadableStream, credentials, makeGenericClientConstructor, type ServiceError } from '@grpc/grpc-js';
import type { SimpleResponse } from '../../../gen/grpc/testing/messages.js';
import type { EchoClient } from '../../scenario.js';
import { service } from './service.js';

interface TestClient {
  unaryCall(
    request: object,
    options: object,
    callback: (error: ServiceError | null, response?: SimpleResponse) => void,
  ): unknown;
  streamingOutputCall(request: object, options: object): ClientReadableStream<unknown>;
}

export async function connect(endpoint: string): Promise<EchoClient> {
  const client = new (makeGenericClientConstructor(service, 'TestService'))(endpoint, credentials.createInsecure());
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(Date.now() + 5_000, (error) => (error ? reject(error) : resolve()));
  });
  const test = client as unknown as TestClient;
  const bodies = new Map<number, Buffer>();
  const body = (octets: number): Buffer => {
    const made = bodies.get(octets) ?? Buffer.alloc(octets, 0x61);
    bodies.set(octets, made);
    return made;
  };
  const options = () => ({ deadline: Date.now() + 10_000 });
  return {
    unary: (octets) =>
      new Promise((resolve, reject) => {
        test.unaryCall({ responseSize: octets, payload: { body: body(octets) } }, options(), (error, response) => {
          if (error) reject(error);
          else if (response?.payload?.body.length === octets) resolve();
          else reject(new Error('the echo is not whole'));
        });
      }),
    async serverStream(count, octets) {
      let received = 0;
      const responseParameters = Array.from({ length: count }, () => ({ size: octets }));
      for await (const _ of test.streamingOutputCall({ responseParameters }, options())) received++;
      if (received !== count) throw new Error('the stream is not whole');
    },
    close: async () => client.close(),
  };
}
