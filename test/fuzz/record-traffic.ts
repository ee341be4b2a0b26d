/**
 * Records what real peers say, for the fuzzer to begin with, into `traffic/`:
 *
 *     npm run bench -- --help     # builds nothing; a run of the benchmark leaves its peers in .cache/bench
 *     npx tsx test/fuzz/record-traffic.ts
 *
 * Every program of the benchmark calls podwire, and is called by it, through a relay that notes both directions.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer as createRelay, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestServiceDefinition } from '../../gen/grpc/testing/test.js';
import { createChannel, createClient, Metadata } from '../../src/index.js';
import type { Traffic } from './traffic.js';

/** Octets of one direction that are kept, up to the end of a frame. */
const KEPT = 3_000;

const root = join(import.meta.dirname, '../..');
const bench = join(root, '.cache/bench');
const folder = mkdtempSync(join(tmpdir(), 'podwire-record-'));

const node = (program: string): string[] => [process.execPath, join(bench, 'bench/peers', program)];
const peers = {
  podwire: { client: node('podwire/client.js'), server: node('podwire/server.js') },
  'grpc-js': { client: node('grpc-js/client.js'), server: node('grpc-js/server.js') },
  'grpc-go': { client: [join(bench, 'peers/grpc-go/client')], server: [join(bench, 'peers/grpc-go/server')] },
  cpp: { client: [join(bench, 'peers/cpp/client')], server: [join(bench, 'peers/cpp/server')] },
  tonic: { client: [join(bench, 'peers/tonic/release/client')], server: [join(bench, 'peers/tonic/release/server')] },
};

const calls = [
  ['--call=unary', '--bytes=64', '--messages=1'],
  ['--call=create-volume', '--bytes=0', '--messages=1'],
  ['--call=server-stream', '--bytes=20', '--messages=5'],
  ['--call=client-stream', '--bytes=20', '--messages=5'],
  ['--call=ping-pong', '--bytes=20', '--messages=5'],
];

/** Cuts behind the last whole frame within the limit. */
function cut(bytes: Buffer, preface: boolean): Buffer {
  let at = preface ? 24 : 0;
  while (at + 9 <= bytes.length) {
    const next = at + 9 + bytes.readUIntBE(at, 3);
    if (next > KEPT || next > bytes.length) break;
    at = next;
  }
  return bytes.subarray(0, at);
}

/** Passes on, and notes, what a first connection says in both directions. */
async function recordRelay(from: string, to: string) {
  const said = { client: [] as Buffer[], server: [] as Buffer[] };
  let first = true;
  const sockets = new Set<Socket>();
  const relay = createRelay((client) => {
    const server = connect(to);
    const recording = first;
    first = false;
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    client.on('data', (chunk) => recording && said.client.push(chunk));
    server.on('data', (chunk) => recording && said.server.push(chunk));
    client.pipe(server).pipe(client);
  });
  await new Promise<void>((resolve) => relay.listen(from, resolve));
  return {
    close(): { client: Buffer; server: Buffer } {
      for (const socket of sockets) socket.destroy();
      relay.close();
      return { client: cut(Buffer.concat(said.client), true), server: cut(Buffer.concat(said.server), false) };
    },
  };
}

async function startServer(command: readonly string[], endpoint: string) {
  const [program, ...args] = [...command, `--endpoint=unix://${endpoint}`];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return { stop: () => void child.kill('SIGKILL') };
}

function keep(name: string, from: Traffic['from'], sections: Buffer[]): void {
  const traffic: Traffic = { peer: name, from, connections: sections.map((bytes) => bytes.toString('base64')) };
  writeFileSync(
    join(import.meta.dirname, `traffic/${name}-${from}.json`),
    `${JSON.stringify(traffic, undefined, 2)}\n`,
  );
}

let count = 0;
const fresh = (): string => join(folder, `${count++}.sock`);

/** Runs `client` against `server`. */
async function record(
  client: readonly string[],
  server: readonly string[],
): Promise<{ client: Buffer; server: Buffer }[]> {
  const address = fresh();
  const running = await startServer(server, address);
  const recorded: { client: Buffer; server: Buffer }[] = [];
  for (const call of calls) {
    const relayed = fresh();
    const relay = await recordRelay(relayed, address);
    const args = ['--in-flight=2', '--connections=1', '--warm-up=0.01', '--seconds=0.02'];
    const file = `--request-file=${join(root, 'bench/messages/create-volume-request.binpb')}`;
    const [program, ...rest] = [...client, `--endpoint=unix://${relayed}`, ...call, ...args, file];
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', (text) => `${text}`.includes('units') && child.kill('SIGTERM'));
    const limit = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await once(child, 'exit');
    clearTimeout(limit);
    recorded.push(relay.close());
  }
  running.stop();
  return recorded;
}

/** What the programs of the benchmark do not do. */
async function recordOddities(server: readonly string[]): Promise<{ client: Buffer; server: Buffer }> {
  const address = fresh();
  const running = await startServer(server, address);
  const relayed = fresh();
  const relay = await recordRelay(relayed, address);
  const channel = createChannel(relayed);
  const test = createClient(TestServiceDefinition, channel);
  const metadata = new Metadata([
    ['plain', 'text'],
    ['plain', 'again'],
  ]);
  metadata.set('octets-bin', Buffer.of(0, 1, 2, 255));
  await test.emptyCall({}, { metadata, timeoutMs: 5_000 });
  await test.unaryCall({ payload: { body: Buffer.alloc(1_000) } }, { compression: 'gzip' }).catch(() => {});
  await test.unimplementedCall({}).catch(() => {});
  const stopping = new AbortController();
  const responses = test.fullDuplexCall(
    (async function* () {
      yield { responseParameters: [{ size: 10 }] };
      await new Promise((resolve) => stopping.signal.addEventListener('abort', resolve));
    })(),
    { signal: stopping.signal },
  );
  try {
    for await (const _ of responses) stopping.abort();
  } catch {
    // It was cancelled.
  }
  await test.emptyCall({});
  await channel.close();
  running.stop();
  return relay.close();
}

execFileSync('sh', ['-c', `rm -f ${join(import.meta.dirname, 'traffic')}/*.json`]);
for (const [name, { client, server }] of Object.entries(peers)) {
  if (!existsSync(client.at(-1) as string)) {
    console.error(`${name} is not built`);
    continue;
  }
  const asClient = (await record(client, peers.podwire.server)).map((one) => one.client);
  const asServer = (await record(peers.podwire.client, server)).map((one) => one.server);
  const odd = await recordOddities(server);
  if (name === 'podwire') asClient.push(odd.client);
  asServer.push(odd.server);
  keep(name, 'client', asClient);
  keep(name, 'server', asServer);
  console.log(
    name,
    asClient.map((bytes) => bytes.length),
    asServer.map((bytes) => bytes.length),
  );
}
rmSync(folder, { recursive: true });
