import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Metadata, status } from '@grpc/grpc-js';
import { afterAll, describe, expect, it } from 'vitest';
import { channelFactory } from '../../src/grpc-js/index.js';
import { parseServiceConfig } from '../../src/grpc-js/service-config.js';
import { Code } from '../../src/rpc/code.js';
import { RpcError } from '../../src/rpc/rpc-error.js';
import { abstractName, collect, servePodInfo } from '../server/serve-podinfo.js';
import { podInfoClient } from './pod-info-client.js';

const folder = mkdtempSync(`${tmpdir()}/podwire-`);
afterAll(() => rmSync(folder, { recursive: true }));

let sockets = 0;
const address = () => `unix://${folder}/${++sockets}.sock`;

const retryPolicy = {
  maxAttempts: 4,
  initialBackoff: '0.01s',
  maxBackoff: '0.05s',
  backoffMultiplier: 2,
  retryableStatusCodes: ['UNAVAILABLE', 'ABORTED'],
};

const configOf = (methodConfig: object, names: object[] = [{ service: 'podinfo.v1.PodInfo' }]) =>
  JSON.stringify({ methodConfig: [{ name: names, ...methodConfig }] });

describe.each([
  ['over podwire', channelFactory()],
  ['grpc-js alone', undefined],
])('calls %s', (_what, channelFactoryOverride) => {
  const clientOf = (endpoint: string, config: string, options = {}) =>
    podInfoClient(endpoint, { channelFactoryOverride, 'grpc.service_config': config, ...options });

  /** Fails `failures` times, counts the attempts. */
  async function serveFailing(failures: number, code: Code, headers: Record<string, string> = {}) {
    const attempts: (string | undefined)[] = [];
    const served = await servePodInfo(
      {
        async describe({ text }, { metadata, trailer }) {
          attempts.push(metadata.get('grpc-previous-rpc-attempts'));
          for (const [key, value] of Object.entries(headers)) trailer.set(key, value);
          if (attempts.length <= failures) throw new RpcError(code, 'not yet');
          return { reply: text };
        },
      },
      { endpoint: address() },
    );
    return { endpoint: served.endpoint, attempts, [Symbol.asyncDispose]: () => served[Symbol.asyncDispose]() };
  }

  it('are made again, and say how often', async () => {
    await using served = await serveFailing(3, Code.UNAVAILABLE);
    using client = clientOf(served.endpoint, configOf({ retryPolicy }));
    expect(await client.describe({ text: 'at last' })).toEqual({ reply: 'at last' });
    expect(served.attempts).toEqual([undefined, '1', '2', '3']);
  });

  it('are made as often as the policy allows', async () => {
    await using served = await serveFailing(9, Code.ABORTED);
    using client = clientOf(served.endpoint, configOf({ retryPolicy: { ...retryPolicy, maxAttempts: 3 } }));
    await expect(client.describe({})).rejects.toMatchObject({ code: status.ABORTED, details: 'not yet' });
    expect(served.attempts).toHaveLength(3);
  });

  it.each([
    ['another code', Code.NOT_FOUND, {}, {}],
    ['a server that asks not to', Code.UNAVAILABLE, { 'grpc-retry-pushback-ms': '-1' }, {}],
    ['a channel without retries', Code.UNAVAILABLE, {}, { 'grpc.enable_retries': 0 }],
  ])('are not made again for %s', async (_reason, code, headers, options) => {
    await using served = await serveFailing(9, code, headers);
    using client = clientOf(served.endpoint, configOf({ retryPolicy }), options);
    await expect(client.describe({})).rejects.toMatchObject({ code });
    expect(served.attempts).toHaveLength(1);
  });

  it('are not made again when the server has begun to answer', async () => {
    let attempts = 0;
    await using served = await servePodInfo(
      {
        async *watch() {
          attempts++;
          yield { sequence: 1n };
          throw new RpcError(Code.UNAVAILABLE, 'half way');
        },
      },
      { endpoint: address() },
    );
    using client = clientOf(served.endpoint, configOf({ retryPolicy }));
    await expect(collect(client.methods.watch({}))).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(attempts).toBe(1);
  });

  it('send their stream of requests again', async () => {
    let attempts = 0;
    await using served = await servePodInfo(
      {
        async pushLogs(requests) {
          let acceptedLines = 0n;
          for await (const _ of requests) acceptedLines++;
          if (++attempts === 1) throw new RpcError(Code.UNAVAILABLE, 'not yet');
          return { acceptedLines };
        },
      },
      { endpoint: address() },
    );
    using client = clientOf(served.endpoint, configOf({ retryPolicy }));
    const outcome = new Promise((resolve, reject) => {
      const call = client.methods.pushLogs((error: Error | null, response: object) =>
        error ? reject(error) : resolve(response),
      );
      for (let count = 0; count < 10; count++) call.write({ line: 'x'.repeat(1_000) });
      call.end();
    });
    expect(await outcome).toMatchObject({ acceptedLines: 10n });
    expect(attempts).toBe(2);
  });

  it('end at the timeout of their method', async () => {
    await using served = await servePodInfo(
      {
        describe: async (_request, { signal }) => {
          await once(signal, 'abort');
          throw signal.reason;
        },
      },
      { endpoint: address() },
    );
    using client = clientOf(served.endpoint, configOf({ timeout: '0.05s' }));
    await expect(client.describe({})).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
  });
});

describe('calls over podwire', () => {
  it('are made again when there was no connection', async () => {
    const endpoint = abstractName();
    using client = podInfoClient(endpoint, {
      'grpc.service_config': configOf({ retryPolicy: { ...retryPolicy, initialBackoff: '0.5s', maxBackoff: '0.5s' } }),
    });
    const outcome = client.describe({ text: 'there' });
    await using _served = await servePodInfo({}, { endpoint });
    expect(await outcome).toEqual({ reply: 'there And a reply from the server.' });
  });

  it('wait for the server when their method says so', async () => {
    const config = configOf({ waitForReady: true });
    using client = podInfoClient(abstractName(), { 'grpc.service_config': config });
    await expect(client.describe({}, { deadline: Date.now() + 50 })).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
    const metadata = new Metadata({ waitForReady: false });
    await expect(client.describe({}, { metadata })).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  it('can be cancelled, and reach their deadline, between attempts', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const backoff = { initialBackoff: '100s', maxBackoff: '100s' };
    const config = configOf({ retryPolicy: { ...retryPolicy, ...backoff } });
    using client = podInfoClient(abstractName(), { 'grpc.service_config': config });
    await expect(client.describe({}, { deadline: Date.now() + 50 })).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
    const call = client.methods.describe({}, () => {});
    setImmediate(() => call.cancel());
    expect(await once(call, 'status')).toMatchObject([{ code: status.CANCELLED }]);
    expect(timers()).toBeLessThanOrEqual(before);
  });
});

describe('parseServiceConfig', () => {
  it('finds what is said of a method, of its service, of all', () => {
    const timeout = (seconds: number, ...name: object[]) => ({ name, timeout: { seconds } });
    const methodConfig = [
      timeout(1, { service: 'a.B', method: 'C' }),
      timeout(2, { service: 'a.B' }, { service: 'x.Y' }),
      timeout(3, {}),
    ];
    const find = parseServiceConfig(JSON.stringify({ methodConfig }));
    const found = ['/a.B/C', '/a.B/D', '/x.Y/Z', '/other/One'].map((path) => find(path)?.timeoutMs);
    expect(found).toEqual([1_000, 2_000, 2_000, 3_000]);
    expect(parseServiceConfig('{}')('/a.B/C')).toBeUndefined();
  });

  it('reads a retry policy', () => {
    const find = parseServiceConfig(
      configOf({ retryPolicy: { ...retryPolicy, maxAttempts: 100, retryableStatusCodes: ['unavailable', 10] } }),
    );
    expect(find('/podinfo.v1.PodInfo/Describe')?.retryPolicy).toEqual({
      maxAttempts: 5,
      initialBackoff: 10,
      maxBackoff: 50,
      backoffMultiplier: 2,
      codes: new Set([Code.UNAVAILABLE, Code.ABORTED]),
    });
  });

  it.each([
    ['nonsense', 'JSON'],
    ['{"retryThrottling":{}}', 'retryThrottling'],
    [configOf({ hedgingPolicy: {} }), 'hedgingPolicy'],
    [configOf({ timeout: '1 second' }), 'timeout'],
    [configOf({ retryPolicy: { ...retryPolicy, maxAttempts: 1 } }), 'maxAttempts'],
    [configOf({ retryPolicy: { ...retryPolicy, backoffMultiplier: 0 } }), 'backoffMultiplier'],
    [configOf({ retryPolicy: { ...retryPolicy, initialBackoff: -1 } }), 'initialBackoff'],
    [configOf({ retryPolicy: { ...retryPolicy, retryableStatusCodes: ['SOMETIMES'] } }), 'SOMETIMES'],
    [configOf({ retryPolicy: { ...retryPolicy, retryableStatusCodes: [] } }), 'retryableStatusCodes'],
  ])('refuses %s', (config, what) => {
    expect(() => parseServiceConfig(config)).toThrow(what);
    expect(() => channelFactory()(abstractName(), null, { 'grpc.service_config': config })).toThrow(TypeError);
  });
});
