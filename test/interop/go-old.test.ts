import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildPeer } from './build-peers.js';
import { describePair } from './describe-pair.js';
import { PeerProcess } from './peer-process.js';

interface Recording {
  peer: string;
  target: string;
  headers: [name: string, value: string][];
  frames: { name: string; hex: string }[];
}

async function record(endpoint: string): Promise<Recording> {
  return JSON.parse(await PeerProcess.output(await buildPeer('go-old'), ['record', '--endpoint', endpoint]));
}

/** Without what contains the address. */
function unaddressed({ peer, headers, frames }: Recording) {
  return {
    peer,
    headers: headers.filter(([name]) => name !== ':authority'),
    frames: frames.map(({ name, hex }) => ({ name, hex: name === 'HEADERS' ? '' : hex })),
  };
}

async function fixture(kind: string): Promise<Recording> {
  const url = new URL(`../http2/fixtures/grpc-go-1.56-${kind}.json`, import.meta.url);
  return JSON.parse(await readFile(url, 'utf8'));
}

describe('what go-old sends', () => {
  it('has the socket path as :authority, and is what the fixture says', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'podwire-'));
    try {
      const recording = await record(`unix://${folder}/csi.sock`);
      expect(recording.headers).toContainEqual([':authority', `${folder}/csi.sock`]);
      expect(unaddressed(recording)).toEqual(unaddressed(await fixture('path')));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('has @name as :authority, and is what the fixture says', async () => {
    const name = `podwire-test-${randomUUID()}`;
    const recording = await record(`unix-abstract:${name}`);
    expect(recording.headers).toContainEqual([':authority', `@${name}`]);
    expect(unaddressed(recording)).toEqual(unaddressed(await fixture('abstract')));
  });
});

describePair({ client: 'go-old', server: 'podwire', endpoints: ['path', 'abstract'] });
describePair({ client: 'podwire', server: 'go-old', endpoints: ['path', 'abstract'] });
