import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPeer } from './build-peers.js';
import { PeerProcess } from './peer-process.js';

const languages = ['typescript', 'go', 'python'] as const;

describe.each(languages)('the %s server of examples/podinfo', (language) => {
  const endpoint = `unix-abstract:podinfo-test-${randomUUID()}`;
  let server: Promise<PeerProcess>;

  beforeAll(async () => {
    server = buildPeer(`podinfo-server-${language}`).then((program) => PeerProcess.server(program, [endpoint]));
    // Each test says what went wrong: a failing hook would have them counted as skipped.
    await server.catch(() => {});
  });

  afterAll(async () => {
    expect(await (await server).stop()).toBe(0);
  });

  it.each(languages)('answers the %s client', async (clientLanguage) => {
    await server;
    const output = await PeerProcess.output(await buildPeer(`podinfo-client-${clientLanguage}`), [endpoint]);
    expect(output).toContain('Some values from the client, And a reply from the server.\n');
  });
});
