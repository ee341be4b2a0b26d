import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PeerProgram } from './build-peers.js';
import { compileTypeScript } from './compile-typescript.js';
import { describePair } from './describe-pair.js';
import { nodeBinary } from './node-binary.js';
import { PeerProcess } from './peer-process.js';

const versions = ['20', '22', '24', '26'];
const repository = path.resolve(import.meta.dirname, '../..');

/** A program of examples/podinfo, run by a release line of Node. */
async function program(version: string, name: 'server' | 'client'): Promise<PeerProgram> {
  const source = path.join(repository, `examples/podinfo/${name}.ts`);
  return { command: await nodeBinary(version), args: [await compileTypeScript(source)] };
}

describe.each(versions)('a server on Node %s', (serverVersion) => {
  let folder: string;
  // Node before 22 would pad the name itself: a name that any other program reaches must be exact.
  const abstract = `unix-abstract:podinfo-node-${randomUUID()}`;
  let servers: Promise<PeerProcess>[];
  let endpoints: string[];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'podwire-'));
    endpoints = [abstract, `unix://${folder}/podinfo.sock`];
    const server = program(serverVersion, 'server');
    servers = endpoints.map(async (endpoint) => PeerProcess.server(await server, [endpoint]));
    // Each test says what went wrong: a failing hook would have them counted as skipped.
    await Promise.allSettled(servers);
  });

  afterAll(async () => {
    for (const server of servers) expect(await (await server).stop()).toBe(0);
    await rm(folder, { recursive: true });
  });

  it.each(versions)('answers a client on Node %s, over an abstract name and over a path', async (clientVersion) => {
    await Promise.all(servers);
    const client = await program(clientVersion, 'client');
    for (const endpoint of endpoints) {
      const output = await PeerProcess.output(client, [endpoint]);
      expect(output).toContain('describe: Some values from the client, And a reply from the server.\n');
      expect(output).toMatch(/pushLogs: 2 lines.*\nexchange: 1 -> hello neighbour\n/);
    }
  });
});

// Node 20 is the one that cannot do exact abstract names by itself.
for (const version of ['22', '24', '26'] as const) {
  const endpoints = ['path', 'abstract'] as const;
  describePair({ client: `podwire-node-${version}`, server: 'podwire-node-20', endpoints });
  describePair({ client: 'podwire-node-20', server: `podwire-node-${version}`, endpoints });
}
