import { AsyncLocalStorage } from 'node:async_hooks';
import { execFile } from 'node:child_process';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import {
  Code,
  createClient,
  createServer,
  type Peer,
  type Server,
  type ServiceImplementation,
  sameUser,
  users,
} from '../../src/index.js';
import { createInProcessChannel, type InProcessOptions } from '../../src/testing/index.js';

type PodInfo = ServiceImplementation<typeof PodInfoDefinition>;

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

const podInfo: PodInfo = {
  async describe({ text }) {
    return { reply: `${text} And a reply from the server.` };
  },
  async *watch({ sampleLimit }) {
    for (let sequence = 1n; sequence <= sampleLimit; sequence++) yield { sequence };
  },
  async pushLogs(lines) {
    let acceptedLines = 0n;
    for await (const _ of lines) acceptedLines++;
    return { acceptedLines };
  },
  async *exchange(commands) {
    for await (const { id, command } of commands) yield { id, outcome: { $case: 'output', value: command } };
  },
};

function startServer(overrides: Partial<PodInfo> = {}): Server {
  const server = createServer().add(PodInfoDefinition, { ...podInfo, ...overrides });
  cleanUps.push(() => server.shutdown({ graceMs: 0 }));
  return server;
}

function connect(server: Server | (() => Server | undefined), options?: InProcessOptions) {
  const channel = createInProcessChannel(server, options);
  cleanUps.push(() => channel.close());
  return { channel, podinfo: createClient(PodInfoDefinition, channel) };
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

async function* each<Item>(...items: Item[]): AsyncGenerator<Item> {
  yield* items;
}

/** A promise and what settles it. */
function gate<Value = void>() {
  let open!: (value: Value) => void;
  const opened = new Promise<Value>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('createInProcessChannel', () => {
  it('carries all four kinds of calls', async () => {
    const { podinfo } = connect(startServer());
    expect(await podinfo.describe({ text: 'A text.' })).toEqual({ reply: 'A text. And a reply from the server.' });
    expect((await collect(podinfo.watch({ sampleLimit: 3 }))).map(({ sequence }) => sequence)).toEqual([1n, 2n, 3n]);
    expect((await podinfo.pushLogs(each({ line: 'one' }, { line: 'two' }))).acceptedLines).toBe(2n);
    const answers = await collect(podinfo.exchange(each({ id: 1n, command: 'a' }, { id: 2n, command: 'b' })));
    expect(answers.map(({ id, outcome }) => [id, outcome?.value])).toEqual([
      [1n, 'a'],
      [2n, 'b'],
    ]);
  });

  it('carries metadata both ways', async () => {
    const { podinfo } = connect(
      startServer({
        async describe(_request, context) {
          context.header.set('asked', context.metadata.getAll('question').join('|'));
          context.trailer.set('digest-bin', Uint8Array.of(1, 2));
          return {};
        },
      }),
    );
    const seen: unknown[] = [];
    await podinfo.describe(
      {},
      {
        metadata: { question: ['who', 'when'] },
        onHeader: (header) => seen.push(header.get('asked')),
        onTrailer: (trailer) => seen.push(trailer.get('digest-bin')),
      },
    );
    expect(seen).toEqual(['who|when', Uint8Array.of(1, 2)]);
  });

  it('carries a message that is larger than every window', async () => {
    const { podinfo } = connect(startServer());
    const text = 'x'.repeat(3 * 1024 * 1024);
    expect((await podinfo.describe({ text })).reply).toHaveLength(text.length + ' And a reply from the server.'.length);
  });

  it('does not give the caller memory that the server still writes to', async () => {
    const { podinfo } = connect(startServer());
    const replies = await Promise.all(
      Array.from({ length: 500 }, async (_, index) => (await podinfo.describe({ text: `${index}` })).reply),
    );
    expect(replies).toEqual(Array.from({ length: 500 }, (_, index) => `${index} And a reply from the server.`));
  });

  it('ends a call at its deadline, on both sides', async () => {
    const reason = gate<unknown>();
    const { podinfo } = connect(
      startServer({
        async describe(_request, { signal, deadline }) {
          expect(deadline).toBeInstanceOf(Date);
          signal.addEventListener('abort', () => reason.open(signal.reason));
          await reason.opened;
          return {};
        },
      }),
    );
    await expect(podinfo.describe({}, { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: Code.DEADLINE_EXCEEDED,
      endpoint: 'in-process',
    });
    await reason.opened;
  });

  it('tells the handler that the caller left the loop', async () => {
    const left = gate();
    const { podinfo } = connect(
      startServer({
        async *watch(_request, { signal }) {
          signal.addEventListener('abort', () => left.open());
          yield { sequence: 1n };
          await left.opened;
        },
      }),
    );
    for await (const { sequence } of podinfo.watch({})) {
      expect(sequence).toBe(1n);
      break;
    }
    await left.opened;
  });

  it('holds back a producer whose reader is slow', async () => {
    const line = 'x'.repeat(16 * 1024);
    let produced = 0;
    const server = startServer({
      async *exchange() {
        for (; produced < 1_000; produced++) yield { outcome: { $case: 'output', value: line } };
      },
    });
    const { podinfo } = connect(server, { limits: { streamWindow: 65_536, connectionWindow: 65_536 } });
    const responses = podinfo.exchange(each())[Symbol.asyncIterator]();
    await responses.next();
    // Each round trip lets the event loop turn on both sides; without flow control all would be here after a few.
    for (let count = 0; count < 50; count++) await podinfo.describe({});
    expect(produced).toBeLessThan(20);
    let rest = 0;
    while (!(await responses.next()).done) rest++;
    expect(rest).toBe(999);
  });

  it('shares one connection among its calls and closes it', async () => {
    const server = startServer();
    const { channel, podinfo } = connect(server);
    await Promise.all([podinfo.describe({}), podinfo.describe({}), collect(podinfo.watch({ sampleLimit: 2 }))]);
    expect(server.connectionCount).toBe(1);
    await channel.close();
    await server.shutdown();
    expect(server.connectionCount).toBe(0);
    await expect(podinfo.describe({})).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  });

  it('lets open calls finish when the server shuts down, and takes no more', async () => {
    const entered = gate();
    const answer = gate();
    const server = startServer({
      async describe() {
        entered.open();
        await answer.opened;
        return { reply: 'done' };
      },
    });
    const { channel, podinfo } = connect(server);
    const open = podinfo.describe({});
    await entered.opened;
    const stopped = server.shutdown();
    // Until the GOAWAY arrives a call may still slip in, and would be served.
    while (channel.state === 'ready') await turn();
    await expect(podinfo.describe({})).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      statusMessage: 'no server is running',
    });
    answer.open();
    expect(await open).toEqual({ reply: 'done' });
    await stopped;
  });

  it('ends open calls when the grace is over', async () => {
    const entered = gate();
    const { podinfo } = connect(
      startServer({
        async describe() {
          entered.open();
          return new Promise(() => {});
        },
      }),
    );
    const open = podinfo.describe({});
    const ended = expect(open).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    await entered.opened;
    await cleanUps[0]();
    await ended;
  });

  it('connects to the next server when it is given a function', async () => {
    const first = startServer({ describe: async () => ({ reply: 'first' }) });
    let current: Server | undefined = first;
    const { podinfo } = connect(() => current, { backoff: { firstMs: 1, longestMs: 1 } });
    expect(await podinfo.describe({})).toEqual({ reply: 'first' });

    current = undefined;
    await first.shutdown();
    await expect(podinfo.describe({})).rejects.toMatchObject({ code: Code.UNAVAILABLE });

    const waiting = podinfo.describe({}, { waitForReady: true });
    current = startServer({ describe: async () => ({ reply: 'second' }) });
    expect(await waiting).toEqual({ reply: 'second' });
  });

  it('tells handlers that this process calls, or whom the test names', async () => {
    const peers: Peer[] = [];
    const server = startServer({
      async describe(_request, { peer }) {
        peers.push(peer);
        return {};
      },
    });
    const { channel, podinfo } = connect(server);
    await podinfo.describe({});
    await connect(server, { peer: { uid: 1000, gid: 1000, groups: [4, 1000] } }).podinfo.describe({});
    await connect(server, { peer: { uid: undefined } }).podinfo.describe({});
    const own: Peer = {
      uid: process.geteuid?.(),
      gid: process.getegid?.(),
      groups: process.getgroups?.() ?? [],
      pid: process.pid,
      endpoint: 'in-process',
    };
    expect(peers).toEqual([own, { ...own, uid: 1000, gid: 1000, groups: [4, 1000] }, { ...own, uid: undefined }]);
    expect(channel.peer).toEqual(own);
  });

  it('holds the policies of both sides', async () => {
    const server = startServer();
    const allowPeer = users(1000);
    expect(await connect(server, { allowPeer, peer: { uid: 1000 } }).podinfo.describe({})).toHaveProperty('reply');
    await expect(connect(server, { allowPeer, peer: { uid: 1001 } }).podinfo.describe({})).rejects.toMatchObject({
      code: Code.PERMISSION_DENIED,
      statusMessage: expect.stringMatching(/refused this process: the peer \(uid 1001, .*users\(1000\)/),
    });
    const allowServer = users(4_000_000);
    await expect(connect(server, { allowServer }).channel.ready()).rejects.toMatchObject({
      code: Code.PERMISSION_DENIED,
      statusMessage: expect.stringContaining('users(4000000) as the server'),
    });
  });

  it('takes policies, not what makes them', () => {
    const server = startServer();
    for (const option of ['allowPeer', 'allowServer']) {
      expect(() => connect(server, { [option]: sameUser })).toThrow(`${option} takes a policy: call sameUser`);
    }
  });

  it('keeps the AsyncLocalStorage of the caller out of the handler, and in the caller', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const { podinfo } = connect(
      startServer({
        async describe() {
          seen.push(storage.getStore());
          return {};
        },
      }),
    );
    await storage.run('caller', async () => {
      await podinfo.describe({});
      seen.push(storage.getStore());
    });
    await storage.run('another', () => podinfo.describe({}));
    expect(seen).toEqual([undefined, 'caller', undefined]);
  });

  it('does not keep a process alive whose channel was left open', async () => {
    const program = `
      import { PodInfoDefinition } from ${JSON.stringify(new URL('../../gen/podinfo/v1/podinfo.ts', import.meta.url))};
      import { createClient, createServer } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url))};
      import { createInProcessChannel } from ${JSON.stringify(new URL('../../src/testing/index.ts', import.meta.url))};
      const unused = () => { throw new Error('not called'); };
      const server = createServer().add(PodInfoDefinition, {
        describe: async ({ text }) => ({ reply: text }), watch: unused, pushLogs: unused, exchange: unused,
      });
      const channel = createInProcessChannel(server);
      console.log((await createClient(PodInfoDefinition, channel).describe({ text: 'still here' })).reply);
    `;
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...['--import', 'tsx', '--input-type', 'module', '--eval', program],
    ]);
    expect(stdout).toBe('still here\n');
  });
});
