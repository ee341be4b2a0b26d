import { TestServiceDefinition } from '../../../gen/grpc/testing/test.js';
import { createChannel, createClient } from '../../../src/index.js';
import type { EchoClient } from '../../scenario.js';

const options = { timeoutMs: 10_000 };

export async function connect(endpoint: string): Promise<EchoClient> {
  const channel = createChannel(endpoint);
  const client = createClient(TestServiceDefinition, channel);
  await channel.ready({ timeoutMs: 5_000 });
  const bodies = new Map<number, Buffer>();
  const body = (octets: number): Buffer => {
    const made = bodies.get(octets) ?? Buffer.alloc(octets, 0x61);
    bodies.set(octets, made);
    return made;
  };
  return {
    async unary(octets) {
      const { payload } = await client.unaryCall({ responseSize: octets, payload: { body: body(octets) } }, options);
      if (payload?.body.length !== octets) throw new Error('the echo is not whole');
    },
    async serverStream(count, octets) {
      let received = 0;
      const responseParameters = Array.from({ length: count }, () => ({ size: octets }));
      for await (const _ of client.streamingOutputCall({ responseParameters }, options)) received++;
      if (received !== count) throw new Error('the stream is not whole');
    },
    close: () => channel.close(),
  };
}
