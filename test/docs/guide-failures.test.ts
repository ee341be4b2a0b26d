import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import {
  type ChannelOptions,
  type Client,
  codeName,
  createChannel,
  createClient,
  createServer,
  RpcError,
  type Server,
  type ServerOptions,
  users,
} from '../../src/index.js';

const guide = readFileSync(path.resolve(import.meta.dirname, '../../docs/guide.md'), 'utf8');
const folder = mkdtempSync(path.join(tmpdir(), 'podwire-failures-'));
const name = `unix-abstract:${path.basename(folder)}`;
const isRoot = process.geteuid?.() === 0;
const own = process.geteuid!();

type PodInfo = Client<typeof PodInfoDefinition>;

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

let count = 0;
function freshPath(): string {
  return `${folder}/${++count}.sock`;
}

function server(options: ServerOptions = {}): Server {
  const made = createServer({ onHandlerError: () => {}, ...options });
  closing.push(() => made.shutdown({ graceMs: 0 }));
  return made.addPartial(PodInfoDefinition, {
    async describe({ text }) {
      if (text === 'throw') throw new Error('a secret');
      return text === 'misfit' ? (undefined as never) : {};
    },
    async *watch() {
      yield {};
      await new Promise(() => {});
    },
  });
}

function client(endpoint: string, options?: ChannelOptions): PodInfo {
  const channel = createChannel(endpoint, options);
  closing.push(() => channel.close());
  return createClient(PodInfoDefinition, channel);
}

/** A client of a server that runs. */
async function connected(options?: ChannelOptions): Promise<PodInfo> {
  const endpoint = freshPath();
  await server().listen(endpoint);
  return client(endpoint, options);
}

/** Reads one response, does something, and reads on. */
async function during({ watch }: PodInfo, act: () => void): Promise<void> {
  for await (const _ of watch({})) act();
}

/** By the first column of the guide's tables: what brings it about. */
const failures: { readonly [symptom: string]: () => unknown } = {
  'there is no socket file': () => client(`${folder}/settings.sock`).describe({}),

  'a file is there, its server is gone': async () => {
    const stale = freshPath();
    const gone = net.createServer().listen(`${stale}.before`);
    await once(gone, 'listening');
    renameSync(`${stale}.before`, stale);
    gone.close();
    await once(gone, 'close');
    return client(stale).describe({});
  },

  'nobody has the abstract name': () => client(name).describe({}),

  'the mode of the file says no': async () => {
    const endpoint = freshPath();
    await server().listen(endpoint);
    chmodSync(endpoint, 0);
    if (!isRoot) return client(endpoint).describe({});
    // Root may write to any file, so it is somebody else for the moment.
    process.seteuid!(65_534);
    try {
      return await client(endpoint).describe({});
    } finally {
      process.seteuid!(0);
    }
  },

  'the policy of the server says no': async () => {
    const endpoint = freshPath();
    await server().listen(endpoint, { allowPeer: users(own + 1) });
    return client(endpoint).describe({});
  },

  'the policy of the client says no': async () => (await connected({ allowServer: users(own + 1) })).describe({}),

  'a call waits for a server in vain': () => client(name, { waitForReady: true }).describe({}, { timeoutMs: 50 }),

  'the connection ends during a call': async () => {
    const behind = freshPath();
    const front = freshPath();
    await server().listen(behind);
    const relay = net.createServer((near) => {
      const far = net.connect(behind);
      near.pipe(far).pipe(near);
      near.on('error', () => {});
      closing.push(async () => void far.destroy());
      relay.once('cut', () => near.destroy());
    });
    await once(relay.listen(front), 'listening');
    closing.push(async () => void relay.close());
    return during(client(front), () => relay.emit('cut'));
  },

  'the grace of a shutdown is over': async () => {
    const endpoint = freshPath();
    const stopping = server();
    await stopping.listen(endpoint);
    return during(client(endpoint), () => void stopping.shutdown({ graceMs: 0 }));
  },

  'a handler threw something else than RpcError': async () => (await connected()).describe({ text: 'throw' }),
  'a handler returned what does not fit': async () => (await connected()).describe({ text: 'misfit' }),

  'the server lacks the service': async () => {
    const endpoint = freshPath();
    const empty = createServer();
    closing.push(() => empty.shutdown());
    await empty.listen(endpoint);
    return client(endpoint).describe({});
  },

  'the method is left out, by `addPartial`': async () => (await connected()).pushLogs((async function* () {})()),
  'a message is too large': async () => (await connected()).describe({ text: '#'.repeat(5_000_000) }),

  'metadata is too large': async () => (await connected()).describe({}, { metadata: { note: '#'.repeat(20_000) } }),

  'metadata is no ASCII': async () => (await connected()).describe({}, { metadata: { 'asked-by': 'Zoë' } }),

  'the channel was closed': async () => {
    const channel = createChannel(name);
    await channel.close();
    return createClient(PodInfoDefinition, channel).describe({});
  },

  'a spelling has two meanings': () => createChannel('unix:@settings'),
  'the folder is missing': () => server().listen(`${folder}/none/settings.sock`),

  'another server is there': async () => {
    const endpoint = `${folder}/taken.sock`;
    await server().listen(endpoint);
    return server().listen(endpoint);
  },

  'another file is there': () => {
    writeFileSync(`${folder}/notes.txt`, '');
    return server().listen(`${folder}/notes.txt`);
  },

  'the abstract name is taken': async () => {
    await server().listen(name, { allowPeer: users(own) });
    return server().listen(name, { allowPeer: users(own) });
  },

  'root gave no policy': async () => {
    // Who is not root cannot become it.
    const euid = vi.spyOn(process as Required<NodeJS.Process>, 'geteuid').mockReturnValue(0);
    try {
      return await server().listen(name);
    } finally {
      euid.mockRestore();
    }
  },

  'a handler is missing': () => createServer().add(PodInfoDefinition, { describe: async () => ({}) } as never),
};

/** What differs from run to run, as the guide has it. */
function asShown(text: string): string {
  return (
    text
      .replaceAll(folder, '/run')
      .replaceAll(name, 'unix-abstract:settings')
      .replace(/uid \d+, gid \d+, pid \d+/, 'uid 1000, gid 1000, pid 4711')
      .replace(/by users\(\d+\)/, 'by users(2000)')
      .replace(/within \d+ ms/, 'within 1000 ms')
      // Here it is this very process.
      .replace('held by this process', 'held by process 4711')
      .replaceAll('podinfo.v1.PodInfo', 'settings.v1.Settings')
      .replace('watch, pushLogs, exchange', 'watch, import, edit')
      .replace('/Describe', '/Get')
      .replace('/PushLogs', '/Import')
  );
}

/** The rows of the guide's tables; code and message are shown as code. */
const rows = [...guide.matchAll(/^\| ([^|]+) \| `(\w+)` \| `([^`]+)` \| [^|]+ \|$/gm)].map(
  ([, symptom, code, message]) => ({ symptom: symptom!, code: code!, message: message! }),
);

it('every failure has a row in the guide, and every row a failure here', () => {
  expect(rows.map(({ symptom }) => symptom)).toEqual(Object.keys(failures));
});

it.each(rows)('$symptom', async ({ symptom, code, message }) => {
  const error: unknown = await Promise.resolve()
    .then(failures[symptom])
    .catch((reason: unknown) => reason);
  if (!(error instanceof Error)) throw new Error('nothing failed');
  const ofCall = error instanceof RpcError;
  expect(ofCall ? codeName(error.code) : 'code' in error ? error.code : error.name).toBe(code);
  expect(asShown(ofCall ? error.statusMessage : error.message)).toBe(asShown(message));
});
