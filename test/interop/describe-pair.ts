import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildPeer, type PeerName } from './build-peers.js';
import type { Column } from './columns.js';
import { type CaseResult, PeerProcess } from './peer-process.js';
import { cases } from './peers/typescript/cases.js';
import { saveResults } from './results.js';
import { SocatRelay } from './socat-relay.js';

export type EndpointKind = 'path' | 'abstract';

/** Why a pair cannot be, and how it fails when it is tried all the same. */
export interface Impossible {
  reason: string;
  error: RegExp;
}

export interface Pair {
  client: PeerName;
  server: PeerName;
  endpoints: readonly EndpointKind[];
  /** Kinds of endpoint over which these two cannot meet. */
  impossible?: Partial<Record<EndpointKind, Impossible>>;
  /** The client's endpoint is a relay of socat's: from a path to an abstract name, or from a name to a path. */
  relayed?: boolean;
  /** Errors that two foreign peers are known to have with each other; the case must pass or fail like that. */
  known?: Readonly<Record<string, RegExp>>;
  /** What the table says beside the result. */
  notes?: Partial<Record<Column, string>>;
}

const caseNames = Object.keys(cases);
/** Built on grpc-js, whose servers do not compress. */
const uncompressing: readonly PeerName[] = ['grpc-js', 'grpc-js-podwire', 'nice-grpc'];

/** One test for each case and kind of endpoint, with the client and the server as processes. */
export function describePair(pair: Pair): void {
  const { client, server, endpoints, impossible = {} } = pair;
  if (endpoints.length > 0) {
    const title = `${client} calls ${server}${pair.relayed ? ' through socat' : ''}, %s`;
    describe.each(endpoints)(title, (kind) => describeKind(pair, kind));
  }
  for (const [kind, { reason, error }] of Object.entries(impossible)) {
    it(`${client} cannot call ${server}, ${kind}: ${reason}`, async () => {
      // A server may not even start.
      const outcome = await runPair(pair, kind as EndpointKind, ['empty_unary']).then(
        ({ results }) => results[0]?.error ?? 'the call succeeded',
        (failure: Error) => failure.message,
      );
      expect(outcome).toMatch(error);
      await saveResults({ client, server, kind, results: [], impossible: reason });
    });
  }
}

function describeKind(pair: Pair, kind: EndpointKind): void {
  const { client, server, known = {}, notes = {}, relayed } = pair;
  let results: readonly CaseResult[] = [];
  let serverEnd: number | string | undefined;
  let failure: unknown;

  beforeAll(async () => {
    try {
      ({ results, serverEnd } = await runPair(pair, kind, caseNames));
    } catch (error) {
      // Thrown by each test: a failing hook would have them counted as skipped.
      failure = error;
    } finally {
      const expected = results.filter((result) => isKnown(known, result)).map((result) => result.case);
      const relayedKind = kind === 'path' ? 'path to abstract' : 'abstract to path';
      await saveResults({ client, server, kind: relayed ? relayedKind : kind, results, known: expected, notes });
    }
  });

  it.each(caseNames)('%s', (name) => {
    const result = results.find((one) => one.case === name);
    if (failure !== undefined && result === undefined) throw failure;
    expect(result, 'the client printed no result').toBeDefined();
    if (result !== undefined && isKnown(known, result)) return;
    expect(result?.error).toBeUndefined();
    expect(result?.ok).toBe(true);
    if (result?.facts?.gzipResponse !== undefined) {
      expect(result.facts.gzipResponse).toBe(!uncompressing.includes(server));
    }
  });

  it('the server ends on SIGTERM', () => {
    if (failure !== undefined) throw failure;
    expect(serverEnd).toBe(0);
  });
}

function isKnown(known: NonNullable<Pair['known']>, { case: name, error }: CaseResult): boolean {
  return error !== undefined && known[name]?.test(error) === true;
}

/** Runs cases; `serverEnd` is the exit status of the server, the name of the signal, or why it did not end. */
async function runPair(
  { client, server, relayed }: Pair,
  kind: EndpointKind,
  names: readonly string[],
): Promise<{ results: readonly CaseResult[]; serverEnd: number | string }> {
  const folder = await mkdtemp(join(tmpdir(), 'podwire-'));
  const path = `unix://${folder}/peer.sock`;
  const abstract = `unix-abstract:podwire-test-${randomUUID()}`;
  const [endpoint, other] = kind === 'path' ? [path, abstract] : [abstract, path];
  const serverEndpoint = relayed ? other : endpoint;
  let relay: SocatRelay | undefined;
  let serverEnd: number | string = 'unknown';
  let results: readonly CaseResult[] = [];
  try {
    const clientProgram = await buildPeer(client);
    const process = await PeerProcess.server(await buildPeer(server), ['server', '--endpoint', serverEndpoint]);
    try {
      if (relayed) relay = await SocatRelay.start(endpoint, serverEndpoint);
      results = await PeerProcess.client(clientProgram, endpoint, names);
    } finally {
      await relay?.stop();
      // What the client has seen counts, however the server ends.
      serverEnd = await process.stop().catch((error: Error) => error.message);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return { results, serverEnd };
}
