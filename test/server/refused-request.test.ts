import { once } from 'node:events';
import { constants } from 'node:http2';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openRawClient, type RawClient, rawAnswer } from './raw-client.js';
import { plainPodInfo, type Served, servePodInfo, socketFolder } from './serve-podinfo.js';

const folder = socketFolder();
const path = '/podinfo.v1.PodInfo/Describe';
const notGrpc = { 'content-type': 'application/json' };
let sockets = 0;
let served: Served;
let client: RawClient;

beforeEach(async () => {
  const endpoint = folder.path(`${++sockets}.sock`);
  served = await servePodInfo(plainPodInfo, { endpoint });
  client = openRawClient(endpoint);
  return async () => {
    client.session.destroy();
    await served[Symbol.asyncDispose]();
  };
});
afterAll(() => folder[Symbol.dispose]());

describe('a request that is not gRPC', () => {
  it('is answered before it has ended, and may end as it likes', async () => {
    const stream = client.request(path, notGrpc);
    const [headers] = await once(stream, 'response');
    expect(headers[':status']).toBe(415);
    stream.resume();
    await once(stream, 'end');
    expect(stream.closed).toBe(false);
    stream.end(Buffer.alloc(60_000));
    await once(stream, 'close');
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
  });

  it('is still told what is wrong with the rest of it', async () => {
    const stream = client.request(path, { ...notGrpc, 'content-length': 5 });
    const answer = rawAnswer(stream);
    await once(stream, 'response');
    stream.write(Buffer.alloc(6));
    const { headers, resetCode } = await answer;
    expect(headers[':status']).toBe(415);
    expect(resetCode).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
  });

  it('is asked to stop when it is long', async () => {
    const stream = client.request(path, notGrpc);
    const answer = rawAnswer(stream);
    stream.write(Buffer.alloc(1_000_000));
    const { headers, body, resetCode } = await answer;
    expect(headers[':status']).toBe(415);
    expect(body.toString()).toMatch(/gRPC/);
    expect(resetCode).toBe(constants.NGHTTP2_NO_ERROR);
  });

  it('does not hold up a shutdown', async () => {
    const stream = client.request(path, notGrpc);
    const answer = rawAnswer(stream);
    await once(stream, 'response');
    // Longer than a test may take.
    await served.server.shutdown({ graceMs: 60_000 });
    expect((await answer).headers[':status']).toBe(415);
  });
});
