import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { Code } from '../../src/rpc/code.js';
import { createServer } from '../../src/server/server.js';
import { rejection } from '../client/rejection.js';
import * as wire from '../http2/wire.js';
import { plainPodInfo } from '../server/serve-podinfo.js';
import { failureOf } from './failure-of.js';
import type { Bench, Fault } from './fault.js';
import { greeting, message, openRawConnection, type RawConnection, request } from './raw-connection.js';
import type { FaultProcess } from './start-fault-process.js';

const { DATA, GOAWAY, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE } = wire;

/** A client without podwire. What it leaves open is closed. */
function raw(name: string, play: (client: RawConnection, bench: Bench) => Promise<void>, full?: number): Fault {
  return {
    name,
    ...(full !== undefined && { full }),
    async inject(bench) {
      const client = await openRawConnection(bench.path);
      try {
        await play(client, bench);
      } finally {
        await client.leave();
      }
    },
  };
}

/** A client that sends this and leaves. */
const leavesAfter = (name: string, ...bytes: Uint8Array[]): Fault =>
  raw(`leaves ${name}`, (client) => client.send(...bytes), 50);

/** A client that the server turns out, with a GOAWAY of this code if it gets so far. */
const isEnded = (name: string, code: number | undefined, ...bytes: Uint8Array[]): Fault =>
  raw(name, async (client) => {
    await client.send(...bytes);
    if (code !== undefined) expect((await client.frame(GOAWAY)).payload.readUInt32BE(4)).toBe(code);
    await client.ended();
  });

/** A client that sends this and then nothing, until a server with little patience has enough of it. */
function stopsAfter(name: string, ...bytes: Uint8Array[]): Fault {
  let path: string;
  return {
    name: `stops ${name}`,
    full: 5,
    prepare: async (bench) => {
      path = `${bench.path}.impatient`;
      const server = await bench.take();
      await server.request('listen', path, {}, { handshakeTimeoutMs: 100, unfinishedTimeoutMs: 100 });
      return [server];
    },
    inject: async () => {
      const client = await openRawConnection(path);
      await client.send(...bytes);
      await client.ended();
    },
  };
}

async function* withoutEnd<Message>(message: Message): AsyncGenerator<Message> {
  for (;;) yield message;
}

/** What clients do to a server. */
export const clientFaults: readonly Fault[] = [
  leavesAfter('at once'),
  leavesAfter('in the middle of the preface', wire.PREFACE.subarray(0, 10)),
  leavesAfter('after the handshake', greeting),
  leavesAfter('in the middle of a frame header', greeting, request(1, 'Describe').subarray(0, 5)),
  leavesAfter('in the middle of a header section', greeting, request(1, 'Describe').subarray(0, 30)),
  leavesAfter('after the headers', greeting, request(1, 'Describe')),
  leavesAfter(
    'in the middle of a message prefix',
    greeting,
    request(1, 'PushLogs'),
    wire.frame(DATA, 0, 1, Buffer.alloc(3)),
  ),
  leavesAfter('in the middle of a frame', greeting, request(1, 'PushLogs'), message(1, 10_000).subarray(0, 5_000)),
  leavesAfter('between two messages', greeting, request(1, 'PushLogs'), message(1, 0)),
  leavesAfter(
    'with 1,000 calls open',
    greeting,
    ...Array.from({ length: 1_000 }, (_, index) => request(2 * index + 1, 'Exchange')),
  ),
  leavesAfter('after GOAWAY', greeting, request(1, 'Exchange'), wire.frame(GOAWAY, 0, 0, wire.uint32(0, 0))),

  raw('leaves in the middle of a stream', async (client) => {
    await client.send(greeting, request(1, 'Watch'), message(1, 0, true));
    await client.frame(DATA);
  }),
  raw('ends its sending side in the middle of a stream', async (client) => {
    await client.send(greeting, request(1, 'Watch'), message(1, 0, true));
    await client.frame(DATA);
    client.socket.end();
    await client.ended();
  }),
  {
    name: 'leaves between the two GOAWAYs of a shutdown',
    inject: async ({ folder }) => {
      const server = createServer().add(PodInfoDefinition, plainPodInfo);
      await server.listen(`${folder}/x.sock`);
      const client = await openRawConnection(`${folder}/x.sock`);
      await client.send(greeting, request(1, 'Exchange'));
      await client.frame(SETTINGS);
      const down = server.shutdown();
      expect((await client.frame(GOAWAY)).payload.readUInt32BE(0)).toBe(2 ** 31 - 1);
      // The second one would come with the answer to the PING.
      await client.leave();
      await down;
    },
  },
  {
    name: 'never answers the PING of a shutdown',
    // A second each.
    full: 1,
    inject: async ({ folder }) => {
      const server = createServer().add(PodInfoDefinition, plainPodInfo);
      await server.listen(`${folder}/x.sock`);
      const client = await openRawConnection(`${folder}/x.sock`);
      await client.send(greeting);
      await client.frame(SETTINGS);
      await server.shutdown();
      await client.ended();
    },
  },

  stopsAfter('before it says anything'),
  stopsAfter('in the middle of the preface', wire.PREFACE.subarray(0, 10)),
  stopsAfter('in the middle of a header section', greeting, request(1, 'PushLogs').subarray(0, 30)),
  isEnded('speaks HTTP/1.1', 1, Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')),
  isEnded('sends what is no frame', 6, greeting, Buffer.alloc(100_000, 0xff)),
  isEnded('cancels all of its calls', 11, greeting, ...cancelledCalls(3_000)),
  raw(
    'asks for answers to PING and reads none',
    async (client) => {
      client.socket.pause();
      await client.send(greeting);
      const ping = Buffer.concat(Array.from({ length: 1_000 }, () => wire.frame(PING, 0, 0, Buffer.alloc(8))));
      let ended = false;
      client.socket.once('error', () => (ended = true));
      while (!ended) await client.send(ping);
    },
    2,
  ),
  raw(
    'never reads',
    async (client, bench) => {
      client.socket.pause();
      const settings = wire.settings([4, 2 ** 31 - 1]);
      const window = wire.frame(WINDOW_UPDATE, 0, 0, wire.uint32(2 ** 30));
      const calls = Array.from({ length: 100 }, (_, index) => 2 * index + 1);
      const requests = calls.map((id) => Buffer.concat([request(id, 'Watch'), message(id, 0, true)]));
      await client.send(wire.PREFACE, settings, window, ...requests);
      // 100 endless streams to a client that does not read: the others do not wait for it.
      await bench.serves();
      await delay(20);
      await bench.serves();
    },
    3,
  ),

  {
    full: 5,
    name: 'calls off by signal, by deadline, by leaving the loop, by closing the channel',
    inject: async (bench) => {
      const { podinfo, close } = bench.open(bench.path);
      const ended = new AbortController();
      const { signal } = ended;
      const calls = [
        rejection(podinfo.pushLogs(withoutEnd({ line: 'x' }), { timeoutMs: 10 })),
        rejection(podinfo.pushLogs(withoutEnd({ line: 'x' }), { signal })),
        rejection(
          (async () => {
            for await (const _ of podinfo.watch({}, { signal }));
          })(),
        ),
        rejection(
          (async () => {
            for await (const _ of podinfo.exchange(withoutEnd({ id: 1n }), { signal }));
          })(),
        ),
      ];
      for await (const _ of podinfo.watch({})) break;
      for await (const _ of podinfo.exchange(withoutEnd({ id: 1n }))) break;
      ended.abort();
      const codes = (await Promise.all(calls)).map(({ code }) => code);
      expect(codes).toEqual([Code.DEADLINE_EXCEEDED, Code.CANCELLED, Code.CANCELLED, Code.CANCELLED]);
      const open = podinfo.watch({})[Symbol.asyncIterator]();
      await open.next();
      const last = rejection(podinfo.pushLogs(withoutEnd({ line: 'x' })));
      await close();
      expect((await last).code).toBe(Code.UNAVAILABLE);
    },
  },
  {
    name: 'has requests that throw, and some that never come',
    inject: async (bench) => {
      const { podinfo, close } = bench.open(bench.path);
      const failure = new Error('a fault that a test injected');
      const throwing = async function* () {
        yield { line: 'x' };
        throw failure;
      };
      expect(await failureOf(podinfo.pushLogs(throwing()))).toBe(failure);
      const hanging = async function* () {
        yield { line: 'x' };
        await new Promise(() => {});
      };
      expect((await rejection(podinfo.pushLogs(hanging(), { timeoutMs: 20 }))).code).toBe(Code.DEADLINE_EXCEEDED);
      await close();
    },
  },
  {
    name: 'begins streams and forgets them',
    full: 2,
    inject: async (bench) => {
      const { podinfo, close } = bench.open(bench.path);
      for (let count = 0; count < 10; count++) await podinfo.watch({})[Symbol.asyncIterator]().next();
      await close();
    },
  },

  {
    name: 'is killed in the middle of a stream',
    full: 5,
    inject: async (bench) => {
      const client = await bench.take();
      await client.request('watch', bench.path);
      await client.kill();
    },
  },
  {
    name: 'is killed in the middle of a frame',
    full: 5,
    inject: async (bench) => {
      const client = await bench.take();
      await client.request('sendHalf', bench.path);
      await client.kill();
    },
  },
  {
    name: 'is stopped in the middle of a stream, and killed',
    full: 5,
    inject: async (bench) => {
      const client = await bench.take();
      await client.request('watch', bench.path);
      client.signal('SIGSTOP');
      await bench.serves();
      await client.kill();
    },
  },
  stoppedClient(),
  storm(),
];

/** Clients that dial at once, each with a channel and a call of its own; the backlog has place for few of them. */
function storm(): Fault {
  let dials = 0;
  return {
    name: 'is one of very many that dial at once',
    full: 1,
    count: () => dials,
    inject: async (bench) => {
      // The great one comes first.
      dials = bench.full ? (dials === 0 ? 10_000 : 1_000) : 200;
      const texts = Array.from({ length: dials }, (_, index) => `${index}.`);
      const limits = { connectTimeoutMs: 60_000, handshakeTimeoutMs: 60_000 };
      const answers = texts.map(async (text) => {
        const { podinfo, close } = bench.open(bench.path, { limits });
        const { reply } = await podinfo.describe({ text });
        await close();
        return reply;
      });
      expect(await Promise.all(answers)).toEqual(texts.map((text) => `${text} And a reply from the server.`));
    },
  };
}

/** Calls that are reset as soon as they are made: CVE-2023-44487. */
function cancelledCalls(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => {
    const id = 2 * index + 1;
    return Buffer.concat([request(id, 'Exchange'), wire.frame(RST_STREAM, 0, id, wire.uint32(8))]);
  });
}

/** A client that stands still for a while and then goes on where it was. */
function stoppedClient(): Fault {
  let client: FaultProcess;
  return {
    name: 'is stopped in the middle of a stream, and goes on',
    full: 5,
    prepare: async ({ take }) => {
      client = await take();
      return [client];
    },
    inject: async (bench) => {
      await client.request('watch', bench.path);
      client.signal('SIGSTOP');
      await bench.serves();
      await delay(10);
      client.signal('SIGCONT');
      const before = await client.request('received');
      while ((await client.request('received')) < before + 1_000);
      await client.request('closeChannels');
    },
  };
}
