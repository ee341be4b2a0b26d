import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildPeer, type PeerName } from './build-peers.js';
import { type CaseResult, PeerProcess } from './peer-process.js';
import { cases } from './peers/typescript/cases.js';
import { saveResults } from './results.js';

export type EndpointKind = 'path' | 'abstract';

export interface Pair {
  client: PeerName;
  server: PeerName;
  endpoints: readonly EndpointKind[];
  /** Errors that two foreign peers are known to have with each other; the case must pass or fail like that. */
  known?: Readonly<Record<string, RegExp>>;
}

const caseNames = Object.keys(cases);

/** One test for each case and kind of endpoint, with the client and the server as processes. */
export function describePair({ client, server, endpoints, known = {} }: Pair): void {
  describe.each(endpoints)(`${client} calls ${server}, %s`, (kind) => {
    const results = new Map<string, CaseResult>();
    let serverEnd: number | string | undefined;
    let failure: unknown;

    beforeAll(async () => {
      const folder = await mkdtemp(join(tmpdir(), 'podwire-'));
      const endpoint = kind === 'path' ? `unix://${folder}/peer.sock` : `unix-abstract:podwire-test-${randomUUID()}`;
      try {
        const clientProgram = await buildPeer(client);
        const process = await PeerProcess.server(await buildPeer(server), ['server', '--endpoint', endpoint]);
        try {
          for (const result of await PeerProcess.client(clientProgram, endpoint, caseNames)) {
            results.set(result.case, result);
          }
        } finally {
          serverEnd = await process.stop();
        }
      } catch (error) {
        // Thrown by each test: a failing hook would have them counted as skipped.
        failure = error;
      } finally {
        await rm(folder, { recursive: true });
        await saveResults({ client, server, kind, results: [...results.values()] });
      }
    });

    it.each(caseNames)('%s', (name) => {
      if (failure !== undefined && !results.has(name)) throw failure;
      const result = results.get(name);
      expect(result, 'the client printed no result').toBeDefined();
      const expectedError = known[name];
      if (expectedError !== undefined && result?.error !== undefined) {
        expect(result.error).toMatch(expectedError);
        return;
      }
      expect(result?.error).toBeUndefined();
      expect(result?.ok).toBe(true);
      if (result?.facts?.gzipResponse !== undefined) {
        // A grpc-js server does not compress.
        expect(result.facts.gzipResponse).toBe(server !== 'grpc-js');
      }
    });

    it('the server ends on SIGTERM', () => {
      if (failure !== undefined) throw failure;
      expect(serverEnd).toBe(0);
    });
  });
}
