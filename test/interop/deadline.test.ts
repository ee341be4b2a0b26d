import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fieldOf, rawCall } from '../grpc-js/raw-call.js';
import { buildPeer, type PeerName } from './build-peers.js';
import { PeerProcess } from './peer-process.js';

const servers = ['podwire', 'grpc-js-podwire', 'nice-grpc', 'connect'] as const satisfies readonly PeerName[];
const methods = ['UnaryCall', 'StreamingInputCall', 'StreamingOutputCall', 'FullDuplexCall'];

function request(method: string): string[] {
  const pseudo = [':method', 'POST', ':scheme', 'http', ':path', `/grpc.testing.TestService/${method}`];
  const plain = [':authority', 'localhost', 'te', 'trailers', 'content-type', 'application/grpc'];
  return [...pseudo, ...plain, 'grpc-timeout', '50m', 'x-podwire-delay-ms', '20000'];
}

// In the other cases it is mostly the client whose timer is the earlier one.
describe.each(servers)('a server of %s', (name) => {
  const endpoint = `unix-abstract:podwire-test-${randomUUID()}`;
  let server: Promise<PeerProcess>;

  beforeAll(async () => {
    server = buildPeer(name).then((program) => PeerProcess.server(program, ['server', '--endpoint', endpoint]));
    // Each test says what went wrong: a failing hook would have them counted as skipped.
    await server.catch(() => {});
  });

  afterAll(async () => {
    await (await server).stop();
  });

  it.each(methods)('says DEADLINE_EXCEEDED to a client that waits on: %s', async (method) => {
    await server;
    const { trailers, failure } = await rawCall(endpoint, request(method));
    expect(failure).toBeUndefined();
    expect(fieldOf(trailers, 'grpc-status')).toBe('4');
  });
});
