import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPeer } from './build-peers.js';
import { PeerProcess } from './peer-process.js';

const languages = ['typescript', 'go', 'python'] as const;

describe.each(languages)('the %s server of examples/podinfo', (language) => {
  const endpoint = `unix-abstract:podinfo-test-${randomUUID()}`;
  let server: PeerProcess;

  beforeAll(async () => {
    server = await PeerProcess.server(await buildPeer(`podinfo-server-${language}`), [endpoint]);
  });

  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });

  it.each(languages)('answers the %s client', async (clientLanguage) => {
    const output = await PeerProcess.output(await buildPeer(`podinfo-client-${clientLanguage}`), [endpoint]);
    expect(output).toContain('Some values from the client, And a reply from the server.\n');
  });
});
