import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DescribeResponse, PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { Code } from '../../src/rpc/code.js';
import { createServer } from '../../src/server/server.js';
import { processReceiveBudget } from '../../src/transport/limits.js';
import { openRawClient, type RawClient, rawAnswer, rawMessage } from './raw-client.js';
import { plainPodInfo, type Served, servePodInfo, socketFolder, until } from './serve-podinfo.js';

const folder = socketFolder();
const socketPath = folder.path('podinfo.sock');
const describePath = '/podinfo.v1.PodInfo/Describe';
const handled = vi.fn(plainPodInfo.describe);
let served: Served;
let client: RawClient;

beforeAll(async () => {
  served = await servePodInfo({ describe: handled }, { endpoint: socketPath, server: { compression: 'gzip' } });
  client = openRawClient(socketPath);
});
afterAll(async () => {
  client.session.destroy();
  await served[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

describe('a request that cannot be served', () => {
  it.each(['/podinfo.v1.PodInfo/Explain', '/podinfo.v2.PodInfo/Describe', '/podinfo.v1.PodInfo/describe', '/x/y/z'])(
    'is UNIMPLEMENTED for an unknown method: %s',
    async (path) => {
      const stream = client.request(path);
      // What follows the header is not waited for.
      stream.write(rawMessage(100_000));
      const { headers } = await rawAnswer(stream);
      expect(headers).toMatchObject({
        ':status': 200,
        'content-type': 'application/grpc',
        'grpc-status': String(Code.UNIMPLEMENTED),
        'grpc-message': `this server has no method ${path.slice(1)}`,
      });
    },
  );

  it.each([
    ['a browser', { 'content-type': 'text/html' }, 415],
    ['nothing said', { 'content-type': undefined }, 415],
    ['a grpc-web client', { 'content-type': 'application/grpc-web+proto' }, 415],
    ['another method', { ':method': 'PUT' }, 405],
  ])('gets an HTTP status when it is not gRPC: %s', async (_, headers, status) => {
    const answer = await rawAnswer(client.request(describePath, headers as never).end());
    expect(answer.headers[':status']).toBe(status);
    expect(answer.headers['grpc-status']).toBeUndefined();
    expect(answer.body.toString()).toMatch(/gRPC.*\n$/);
  });

  it('is UNIMPLEMENTED in an unknown encoding, and learns which are known', async () => {
    const { headers } = await rawAnswer(client.request(describePath, { 'grpc-encoding': 'br' }).end(rawMessage(0)));
    expect(headers).toMatchObject({
      'grpc-status': String(Code.UNIMPLEMENTED),
      'grpc-accept-encoding': 'identity,gzip',
    });
  });

  it('is INTERNAL when a message says that it is compressed and nothing says how', async () => {
    const { headers } = await rawAnswer(client.request(describePath).end(rawMessage(10, { gzip: true })));
    expect(headers['grpc-status']).toBe(String(Code.INTERNAL));
  });

  it('is RESOURCE_EXHAUSTED when it is small and grows when it is decompressed', async () => {
    const bomb = rawMessage(20_000_000, { gzip: true });
    expect(bomb.length).toBeLessThan(50_000);
    const { headers } = await rawAnswer(client.request(describePath, { 'grpc-encoding': 'gzip' }).end(bomb));
    expect(headers['grpc-status']).toBe(String(Code.RESOURCE_EXHAUSTED));
  });

  it.each([
    ['none', Buffer.alloc(0), /has no message/],
    ['two', Buffer.concat([rawMessage(0), rawMessage(0)]), /has more than one message/],
  ])('is UNIMPLEMENTED with another number of messages than one: %s', async (_, body, message) => {
    const before = handled.mock.calls.length;
    const { headers } = await rawAnswer(client.request(describePath).end(body));
    expect(headers['grpc-status']).toBe(String(Code.UNIMPLEMENTED));
    expect(decodeURIComponent(String(headers['grpc-message']))).toMatch(message);
    expect(handled.mock.calls.length).toBe(before);
  });

  it('is UNIMPLEMENTED as soon as a second message begins', async () => {
    const stream = client.request(describePath);
    stream.write(Buffer.concat([rawMessage(100_000), rawMessage(100_000)]));
    const { headers } = await rawAnswer(stream);
    expect(headers['grpc-status']).toBe(String(Code.UNIMPLEMENTED));
  });

  it.each([
    ['broken', rawMessage(Buffer.from([0xff, 0xff]))],
    ['unfinished', rawMessage(10).subarray(0, 12)],
    ['of a strange kind', Buffer.from([7, 0, 0, 0, 0])],
  ])('is INTERNAL when its message is %s', async (_, body) => {
    const { headers } = await rawAnswer(client.request(describePath).end(body));
    expect(headers['grpc-status']).toBe(String(Code.INTERNAL));
  });

  it('is RESOURCE_EXHAUSTED with a header over the limit', async () => {
    const stream = client.request(describePath, { big: 'x'.repeat(20_000) }).end(rawMessage(0));
    const { headers } = await rawAnswer(stream);
    expect(headers['grpc-status']).toBe(String(Code.RESOURCE_EXHAUSTED));
    expect(headers['grpc-message']).toMatch(/the request header is over 16384 bytes/);
  });

  it('is INTERNAL with a timeout that is none', async () => {
    const { headers } = await rawAnswer(client.request(describePath, { 'grpc-timeout': 'soon' }).end(rawMessage(0)));
    expect(headers['grpc-status']).toBe(String(Code.INTERNAL));
  });

  it('leaves nothing of its body in memory', async () => {
    const before = processReceiveBudget.held;
    const patient = openRawClient(socketPath);
    await once(patient.session, 'remoteSettings');
    // A client whose window is closed keeps the answer, and so the stream, from ending.
    patient.session.settings({ initialWindowSize: 0 });
    await once(patient.session, 'localSettings');
    const streams = Array.from({ length: 50 }, () => patient.request(describePath, { 'content-type': 'text/plain' }));
    for (const stream of streams) {
      stream.on('error', () => {});
      stream.write(Buffer.alloc(50_000));
    }
    await Promise.all(streams.map((stream) => once(stream, 'response')));
    // Nor does what is still on its way, when it has come.
    await delay(20);
    await until(() => processReceiveBudget.held === before);
    patient.session.destroy();
    await until(() => served.server.connectionCount === 1);
    expect(processReceiveBudget.held).toBe(before);
  });
});

describe('a request that is served', () => {
  it.each(['application/grpc', 'application/grpc+proto', 'application/grpc;charset=utf-8'])(
    'may have the content type %s',
    async (type) => {
      const { headers, body, trailers } = await rawAnswer(
        client.request(describePath, { 'content-type': type }).end(rawMessage(0)),
      );
      expect(headers[':status']).toBe(200);
      expect(headers['content-type']).toBe(type.split(';')[0]);
      expect(trailers['grpc-status']).toBe('0');
      expect(DescribeResponse.decode(body.subarray(5)).reply).toBe(' And a reply from the server.');
    },
  );

  it.each([undefined, 'identity', 'identity,deflate,br'])(
    'gets an answer that is not compressed when it accepts no gzip: %s',
    async (accepted) => {
      const stream = client.request(describePath, accepted === undefined ? {} : { 'grpc-accept-encoding': accepted });
      const { headers, body } = await rawAnswer(stream.end(rawMessage(0)));
      expect(headers['grpc-encoding']).toBeUndefined();
      expect(headers['grpc-accept-encoding']).toBe('identity,gzip');
      expect(body[0]).toBe(0);
    },
  );

  it('gets a compressed answer from a server that compresses when it accepts gzip', async () => {
    const stream = client.request(describePath, { 'grpc-accept-encoding': 'identity, gzip', 'grpc-encoding': 'gzip' });
    const { headers, body } = await rawAnswer(stream.end(rawMessage(0, { gzip: true })));
    expect(headers['grpc-encoding']).toBe('gzip');
    expect(body[0]).toBe(1);
    expect(DescribeResponse.decode(gunzipSync(body.subarray(5))).reply).toBe(' And a reply from the server.');
  });

  it('has its message percent-encoded, and ends in one header section when there is no message', async () => {
    const { headers, trailers } = await rawAnswer(client.request('/podinfo.v1.PodInfo/ü').end());
    expect(Object.keys(trailers)).toEqual([]);
    expect(headers['grpc-message']).toMatch(/^this server has no method podinfo\.v1\.PodInfo\/(%[0-9A-F]{2})+$/);
  });

  it('ends with DEADLINE_EXCEEDED when the caller keeps waiting after its deadline', async () => {
    const hanging = createServer();
    hanging.add(PodInfoDefinition, { ...plainPodInfo, describe: () => new Promise(() => {}) });
    await hanging.listen(folder.path('hanging.sock'));
    const { session, request } = openRawClient(folder.path('hanging.sock'));
    const { headers } = await rawAnswer(request(describePath, { 'grpc-timeout': '20m' }).end(rawMessage(0)));
    expect(headers['grpc-status']).toBe(String(Code.DEADLINE_EXCEEDED));
    session.destroy();
    await hanging.shutdown({ graceMs: 0 });
  });
});
