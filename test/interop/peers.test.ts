import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildPeer } from './build-peers.js';
import { describePair } from './describe-pair.js';
import { PeerProcess } from './peer-process.js';

// The judges judge each other: what fails between two of them would say nothing about podwire.
describePair({ client: 'go-new', server: 'grpc-js', endpoints: ['path'] });
describePair({
  client: 'grpc-js',
  server: 'go-new',
  endpoints: ['path'],
  // At the deadline a grpc-go server resets the stream with CANCEL; grpc-js says so when its own timer is the later one.
  known: { timeout: /^AssertionError \[ERR_ASSERTION\]: \w+\s+1 !== 4\s*$/ },
});
describePair({ client: 'go-new', server: 'python', endpoints: ['abstract'] });
describePair({
  client: 'python',
  server: 'go-new',
  endpoints: ['abstract'],
  // Likewise C-core.
  known: { timeout: /^AssertionError: \w+: got <StatusCode.CANCELLED.*want <StatusCode.DEADLINE_EXCEEDED/ },
});

describe('go-old calls grpc-js, path', () => {
  it('fails, for node:http2 resets a stream whose :authority is a socket path', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'podwire-'));
    const endpoint = `unix://${folder}/peer.sock`;
    const server = await PeerProcess.server(await buildPeer('grpc-js'), ['server', '--endpoint', endpoint]);
    try {
      const [result] = await PeerProcess.client(await buildPeer('go-old'), endpoint, ['empty_unary']);
      expect(result).toMatchObject({ ok: false, error: expect.stringContaining('PROTOCOL_ERROR') });
    } finally {
      await server.stop();
      await rm(folder, { recursive: true });
    }
  });
});
