import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { TestServiceDefinition } from '../../gen/grpc/testing/test.js';
import { ClientChannel } from '../../src/client/client-channel.js';
import { createClient, createServer } from '../../src/index.js';
import { memoryStreamPair } from '../../src/transport/memory-stream.js';
import { overwritten } from './overwritten-stream.js';

/** All that a test sends and gets back. Sizes on both sides of what is kept together and what gets memory of its own. */
const bodies = [0, 1, 31, 300, 4_000, 5_000, 70_000, 300_000].map((length) => randomBytes(length));

function startCalls(compression: 'identity' | 'gzip') {
  const server = createServer({ shutdownOn: false, compression }).addPartial(TestServiceDefinition, {
    unaryCall: async ({ payload }) => ({ payload }),
    async *fullDuplexCall(requests) {
      // Read to the end first, so that requests wait, in the form in which they came, while others arrive.
      const all = [];
      for await (const { payload } of requests) all.push({ payload });
      yield* all;
    },
  });
  const channel = new ClientChannel(
    'overwritten',
    async () => {
      const [near, far] = memoryStreamPair().map(overwritten);
      const peer = { groups: [], endpoint: 'overwritten' };
      server.serve({ stream: far!, peer });
      return { stream: near!, peer };
    },
    { compression },
  );
  return { server, channel, client: createClient(TestServiceDefinition, channel) };
}

describe('bytes of a stream', () => {
  it.each(['identity', 'gzip'] as const)('may be overwritten once they were received: %s', async (compression) => {
    const { server, channel, client } = startCalls(compression);
    try {
      const options = { timeoutMs: 30_000, metadata: { 'trace-bin': bodies[3]! } };
      const unary = bodies.map(async (body) => (await client.unaryCall({ payload: { body } }, options)).payload?.body);
      const answers = (await Promise.all(unary)).map((body) => Buffer.from(body!));
      expect(answers.every((answer, index) => answer.equals(bodies[index]!))).toBe(true);
      const many = Array.from({ length: 20 }, () => bodies.slice(0, -1)).flat();
      const streamed: Uint8Array[] = [];
      async function* requests() {
        for (const body of many) yield { payload: { body } };
      }
      for await (const { payload } of client.fullDuplexCall(requests(), options)) streamed.push(payload!.body);
      expect(streamed.length).toBe(many.length);
      expect(streamed.every((body, index) => many[index]!.equals(body))).toBe(true);
    } finally {
      await channel.close();
      await server.shutdown({ graceMs: 0 });
    }
  });
});
