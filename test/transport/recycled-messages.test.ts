import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestServiceDefinition } from '../../gen/grpc/testing/test.js';
import { createChannel, createClient, createServer, type Server } from '../../src/index.js';
import { recycledMemory } from '../../src/rpc/recycled-memory.js';

/** Each call has octets of its own, so that those of another are seen at once. */
const bodyOf = (call: number, length: number): Buffer => Buffer.alloc(length, (call % 200) + 1);

function check(call: number, length: number, body: Uint8Array | undefined): void {
  if (!bodyOf(call, length).equals(body ?? Buffer.alloc(0))) throw new Error(`call ${call} got the octets of another`);
}

let folder: string;
let server: Server;
let endpoint: string;
let returned = 0;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'podwire-recycled-'));
  endpoint = `unix://${folder}/server`;
  returned = 0;
  // Whoever still reads it reads this.
  recycledMemory.onReturn = (memory) => {
    returned++;
    memory.fill(0xdb);
  };
  server = createServer({ shutdownOn: false }).addPartial(TestServiceDefinition, {
    async unaryCall({ payload, responseSize }) {
      const call = payload!.body[0]! - 1;
      check(call, payload!.body.length, payload!.body);
      return { payload: { body: bodyOf(call, responseSize) } };
    },
    async *fullDuplexCall(requests) {
      for await (const { payload, responseParameters } of requests) {
        const call = payload!.body[0]! - 1;
        check(call, payload!.body.length, payload!.body);
        for (const { size } of responseParameters) yield { payload: { body: bodyOf(call, size) } };
      }
    },
  });
  await server.listen(endpoint);
});

afterEach(async () => {
  recycledMemory.onReturn = undefined;
  await server.shutdown({ graceMs: 0 });
  await rm(folder, { recursive: true, force: true });
});

describe('memory of sent messages', () => {
  it('comes back once the kernel has the message', async () => {
    const channel = createChannel(endpoint);
    const client = createClient(TestServiceDefinition, channel);
    for (let call = 0; call < 20; call++) {
      const { payload } = await client.unaryCall(
        { payload: { body: bodyOf(call, 100_000) }, responseSize: 300_000 },
        { timeoutMs: 30_000 },
      );
      check(call, 300_000, payload?.body);
    }
    await channel.close();
    // Of the request and of the response, and what the messages that came in had before they were whole.
    expect(returned).toBeGreaterThanOrEqual(40);
  });

  it('is used for nothing else before, whatever ends calls and connections meanwhile', async () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 50_000 }), fc.integer({ min: 50_000, max: 1_200_000 }));
    const call = fc.record({
      kind: fc.constantFrom('unary', 'stream'),
      size,
      responseSize: size,
      /** Turns of the event loop until the caller gives up, if so; most do not. */
      giveUpAfter: fc.option(fc.nat(12), { nil: undefined, freq: 2 }),
    });
    const round = fc.record({
      calls: fc.array(call, { minLength: 1, maxLength: 12 }),
      /** Turns until the connection is cut, if so. */
      cutAfter: fc.option(fc.nat(12), { nil: undefined, freq: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 3 }), async (rounds) => {
        const relay = await startRelay(`${folder}/server`, `${folder}/relay`);
        const channel = createChannel(`unix://${folder}/relay`);
        const client = createClient(TestServiceDefinition, channel);
        try {
          let calls = 0;
          /** From the first cut on: calls of the next round may still go where nobody is any more. */
          let mayBeCut = false;
          for (const { calls: some, cutAfter } of rounds) {
            mayBeCut ||= cutAfter !== undefined;
            const running = some.map(async ({ kind, size, responseSize, giveUpAfter }) => {
              const number = calls++;
              const abort = new AbortController();
              const options = { signal: abort.signal, timeoutMs: 30_000 };
              const request = { payload: { body: bodyOf(number, size) } };
              if (giveUpAfter !== undefined) void turns(giveUpAfter).then(() => abort.abort());
              try {
                if (kind === 'unary') {
                  const { payload } = await client.unaryCall({ ...request, responseSize }, options);
                  return () => check(number, responseSize, payload?.body);
                }
                const responseParameters = [{ size: responseSize }, { size: responseSize }];
                const requests = [1, 2, 3].map(() => ({ ...request, responseParameters }));
                const bodies: Uint8Array[] = [];
                for await (const { payload } of client.fullDuplexCall(requests, options)) bodies.push(payload!.body);
                return () => {
                  for (const body of bodies) check(number, responseSize, body);
                };
              } catch (error) {
                // Given up, or cut off. The server says UNKNOWN when what it got was not what it should be.
                const { code } = error as { code: number };
                if (giveUpAfter === undefined && !mayBeCut) throw error;
                expect([1, 14]).toContain(code);
                return () => {};
              }
            });
            if (cutAfter !== undefined) void turns(cutAfter).then(() => relay.cut());
            // All of them are looked at when all are done: what came in is the caller's for good.
            for (const look of await Promise.all(running)) look();
          }
        } finally {
          await channel.close();
          await relay.close();
        }
      }),
      { numRuns: 15 },
    );
    expect(returned).toBeGreaterThan(0);
  });
});

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Passes octets on between `from` and the server, until it is told to cut the connections. */
async function startRelay(to: string, from: string) {
  const sockets = new Set<net.Socket>();
  const relay = net.createServer((near) => {
    const far = net.connect(to);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  relay.listen(from);
  await once(relay, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    cut,
    async close() {
      cut();
      relay.close();
      await once(relay, 'close');
    },
  };
}
