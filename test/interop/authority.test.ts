import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fieldOf, rawCall } from '../grpc-js/raw-call.js';
import { buildPeer, onNode, type PeerProgram } from './build-peers.js';
import { PeerProcess } from './peer-process.js';
import { saveTable } from './results.js';

/** What clients say, as header fields. */
const authorities: Readonly<Record<string, readonly string[]>> = {
  '`localhost`': [':authority', 'localhost'],
  '`/run/csi/csi.sock`': [':authority', '/run/csi/csi.sock'],
  '`@podinfo`': [':authority', '@podinfo'],
  '`%2Frun%2Fcsi%2Fcsi.sock`': [':authority', '%2Frun%2Fcsi%2Fcsi.sock'],
  empty: [':authority', ''],
  missing: [],
  '`host` that is a path': ['host', '/run/csi/csi.sock'],
};

interface Answerer {
  program: () => Promise<PeerProgram>;
  /** Undefined for one that answers all. */
  answers?: readonly string[];
}

const names = Object.keys(authorities);
// nghttp2 of Node 20 takes the characters of a user name too.
const ofNode20 = ['`localhost`', '`@podinfo`', '`%2Frun%2Fcsi%2Fcsi.sock`'];
const ofNode = ['`localhost`', '`%2Frun%2Fcsi%2Fcsi.sock`'];

const servers: Readonly<Record<string, Answerer>> = {
  podwire: { program: () => buildPeer('podwire') },
  'grpc-js through `bindServer`': { program: () => buildPeer('grpc-js-podwire') },
  'nice-grpc through `bindServer`': { program: () => buildPeer('nice-grpc') },
  'grpc-js on Node 20': { program: () => onNode('20', 'grpc-js'), answers: ofNode20 },
  'grpc-js on Node 22': { program: () => onNode('22', 'grpc-js'), answers: ofNode },
  'grpc-js on Node 24': { program: () => onNode('24', 'grpc-js'), answers: ofNode },
  'grpc-js on Node 26': { program: () => onNode('26', 'grpc-js'), answers: ofNode },
};

const rows: Record<string, Record<string, string>> = {};
afterAll(() => saveTable('authorities', { columns: names, rows }));

describe.each(Object.entries(servers))('%s', (server, { program, answers = names }) => {
  it(`answers a call whose :authority is ${answers.join(', ')}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'podwire-'));
    const endpoint = `unix://${folder}/peer.sock`;
    const process = await PeerProcess.server(await program(), ['server', '--endpoint', endpoint]);
    const answered: string[] = [];
    try {
      for (const [name, authority] of Object.entries(authorities)) {
        const { trailers, failure } = await rawCall(endpoint, request(authority));
        const code = fieldOf(trailers, 'grpc-status');
        expect(code === '0' || failure !== undefined, `${name}: status ${code}`).toBe(true);
        if (code === '0') answered.push(name);
      }
    } finally {
      await process.stop();
      await rm(folder, { recursive: true });
    }
    rows[server] = Object.fromEntries(names.map((name) => [name, answered.includes(name) ? 'ok' : 'reset']));
    expect(answered).toEqual(answers);
  });
});

function request(authority: readonly string[]): string[] {
  const pseudo = [':method', 'POST', ':scheme', 'http', ':path', '/grpc.testing.TestService/EmptyCall'];
  const plain = ['te', 'trailers', 'content-type', 'application/grpc'];
  return [...pseudo, ...authority, ...plain];
}
