import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { observedBridge } from './byte-bridge.js';
import { type EndpointKind, type InteropPeer, kinds, lackingEverywhere, type Result } from './interop-peers.js';
import { MessageObserver } from './message-observer.js';

/** grpc's names, in the order of its description. */
export const caseNames = [
  ...['empty_unary', 'large_unary', 'client_streaming', 'server_streaming', 'ping_pong', 'empty_stream'],
  ...['timeout_on_sleeping_server', 'cancel_after_begin', 'cancel_after_first_response', 'custom_metadata'],
  ...['status_code_and_message', 'special_status_message', 'unimplemented_method', 'unimplemented_service'],
  ...['rpc_soak', 'channel_soak', 'client_compressed_unary', 'server_compressed_unary'],
  ...['client_compressed_streaming', 'server_compressed_streaming', 'cacheable_unary'],
];

/** Whose messages are looked at on the wire, and how the first and the second of them must have been sent. */
const compressionOf: Readonly<Record<string, 'requests' | 'responses'>> = {
  client_compressed_unary: 'requests',
  server_compressed_unary: 'responses',
  server_compressed_streaming: 'responses',
};
const expectedCompression = [true, false];

export type Outcome = { readonly ok: boolean; readonly error?: string | undefined } | { readonly absent: string };

/** One client with one server: the outcome of each case on each kind of endpoint. */
export interface Pair {
  readonly client: InteropPeer;
  readonly server: InteropPeer;
  readonly outcomes: Readonly<Record<EndpointKind, ReadonlyMap<string, Outcome>>>;
}

/** Runs podwire's server with every client, and podwire's client with every other server. */
export async function runInteropMatrix(peers: readonly InteropPeer[]): Promise<Pair[]> {
  const podwire = peers.at(-1)!;
  const others = peers.slice(0, -1);
  const groups = [{ server: podwire, clients: peers }, ...others.map((server) => ({ server, clients: [podwire] }))];
  const pairs: Pair[] = [];
  for (const { server, clients } of groups) {
    const outcomes = clients.map(() => ({ path: new Map<string, Outcome>(), abstract: new Map<string, Outcome>() }));
    for (const kind of kinds) {
      await withServer(server, kind, async (endpoint) => {
        for (const [index, client] of clients.entries()) {
          outcomes[index]![kind] = await runPair(client, server, kind, endpoint);
        }
      });
    }
    pairs.push(...clients.map((client, index) => ({ client, server, outcomes: outcomes[index]! })));
  }
  return pairs;
}

async function withServer(
  server: InteropPeer,
  kind: EndpointKind,
  use: (endpoint: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'podwire-conformance-'));
  const endpoint = endpointIn(folder, kind);
  let stop = async () => {};
  try {
    if (server.lackingKinds[kind] === undefined) stop = await server.serve(endpoint);
    await use(endpoint);
  } finally {
    await stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const endpointIn = (folder: string, kind: EndpointKind): string =>
  kind === 'path' ? `unix://${folder}/${randomUUID()}.sock` : `unix-abstract:podwire-conformance-${randomUUID()}`;

async function runPair(
  client: InteropPeer,
  server: InteropPeer,
  kind: EndpointKind,
  endpoint: string,
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const wanted: string[] = [];
  for (const name of caseNames) {
    const absent =
      lackingEverywhere[name] ??
      client.lackingKinds[kind] ??
      server.lackingKinds[kind] ??
      client.lackingAsClient[name] ??
      server.lackingAsServer[name];
    if (absent === undefined) wanted.push(name);
    else outcomes.set(name, { absent });
  }
  const plain = wanted.filter((name) => compressionOf[name] === undefined);
  const results = plain.length === 0 ? [] : await runAll(client, endpoint, plain);
  for (const name of wanted) {
    if (compressionOf[name] !== undefined) results.push(await runObserved(client, kind, endpoint, name));
  }
  for (const name of wanted) {
    const result = results.find((one) => one.case === name);
    outcomes.set(name, result ?? { ok: false, error: 'the client printed no result' });
  }
  return outcomes;
}

async function runAll(client: InteropPeer, endpoint: string, cases: readonly string[]): Promise<Result[]> {
  return client.runCases(endpoint, cases).catch((error: unknown) => {
    return cases.map((name) => ({ case: name, ok: false, error: String(error) }));
  });
}

/** Runs a case through a bridge that sees how messages are sent: no client here is told. */
async function runObserved(client: InteropPeer, kind: EndpointKind, target: string, name: string): Promise<Result> {
  const folder = await mkdtemp(path.join(tmpdir(), 'podwire-conformance-'));
  const endpoint = endpointIn(folder, kind);
  const seen: boolean[] = [];
  const bridge = await observedBridge(endpoint, target, () => new MessageObserver(compressionOf[name]!, seen));
  try {
    const [result] = await runAll(client, endpoint, [name]);
    if (!result?.ok || isDeepStrictEqual(seen, expectedCompression)) return result!;
    const error = `the compressed flags of the ${compressionOf[name]} were ${seen}; expected ${expectedCompression}`;
    return { case: name, ok: false, error };
  } finally {
    await bridge.close();
    await rm(folder, { recursive: true, force: true });
  }
}
