import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Counter, Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HttpEndpoint, type ServeHttpOptions, serveHttp } from '../../../src/csi/http/serve-http.js';
import { createPlugin, type Plugin, type PluginOptions } from '../../../src/csi/plugin/create-plugin.js';

let folder: string;
let socket: string;
let plugin: Plugin | undefined;
let http: HttpEndpoint | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-http-'));
  socket = join(folder, 'csi.sock');
});

afterEach(async () => {
  await http?.close();
  await plugin?.server.shutdown({ graceMs: 0 });
  http = undefined;
  plugin = undefined;
  rmSync(folder, { recursive: true });
});

function startPlugin(probe: NonNullable<PluginOptions['identity']>['probe'] = async () => ({ ready: true })) {
  plugin = createPlugin({ name: 'csi.example.com', version: '1.0.0', shutdownOn: false, identity: { probe } });
  return plugin.listen(socket);
}

async function start(options: Partial<ServeHttpOptions> = {}): Promise<void> {
  http = await serveHttp({ ...(options.path === undefined && { port: 0 }), probe: socket, ...options });
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function get(path: string, options: { method?: string; socketPath?: string; agent?: Agent } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const address = options.socketPath === undefined ? { host: '127.0.0.1', port: http!.port } : {};
    const sent = request({ path, ...address, ...options }, async (response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      resolve({ status: response.statusCode, headers: response.headers, body });
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('/healthz', () => {
  it('is well with a plugin that is, over a connection of its own each time', async () => {
    const listener = await startPlugin();
    await start();
    expect(await get('/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
    expect(await get('/healthz?verbose')).toMatchObject({ status: 200 });
    expect(listener.counters.accepted).toBe(2);
  });

  it('says what is wrong, and is well again afterwards', async () => {
    await start();
    expect(await get('/healthz')).toMatchObject({ status: 500, body: expect.stringContaining('UNAVAILABLE') });
    let ready = false;
    await startPlugin(async () => ({ ready }));
    expect(await get('/healthz')).toMatchObject({ status: 500, body: expect.stringContaining('not ready') });
    ready = true;
    expect(await get('/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
  });

  it('does not wait for ever', async () => {
    await startPlugin(() => new Promise(() => {}));
    await start({ probeTimeoutMs: 50 });
    expect(await get('/healthz')).toMatchObject({ status: 500, body: expect.stringContaining('DEADLINE_EXCEEDED') });
  });

  it('asks the plugin once for all who ask meanwhile', async () => {
    let probes = 0;
    let answer = (): void => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const listener = await startPlugin(async () => {
      probes++;
      await answered;
      return { ready: true };
    });
    await start();
    const first = get('/healthz');
    await expect.poll(() => probes).toBe(1);
    const agent = new Agent({ maxSockets: 20 });
    const others = Array.from({ length: 20 }, () => get('/healthz', { agent }));
    // Most have been read when one that was sent after them is answered.
    await get('/nowhere');
    answer();
    expect((await Promise.all([first, ...others])).map(({ status }) => status)).toEqual(Array(21).fill(200));
    expect(listener.counters.accepted).toBeLessThan(21);
    agent.destroy();
  });
});

describe('/readyz', () => {
  it('is as /healthz when nobody says more', async () => {
    await start();
    expect(await get('/readyz')).toMatchObject({ status: 500 });
    await startPlugin();
    expect(await get('/readyz')).toMatchObject({ status: 200 });
  });

  it('is what the plugin says of itself', async () => {
    let ready: () => boolean | Promise<boolean> = () => false;
    await start({ ready: () => ready() });
    expect(await get('/readyz')).toMatchObject({ status: 503, body: 'not ready\n' });
    ready = async () => {
      throw new Error('not registered yet');
    };
    expect(await get('/readyz')).toMatchObject({ status: 503, body: 'not registered yet\n' });
    ready = async () => true;
    expect(await get('/readyz')).toMatchObject({ status: 200, body: 'ok\n' });
  });
});

describe('/metrics', () => {
  it('are those of the registry, with its content type', async () => {
    const registry = new Registry();
    new Counter({ name: 'volumes_total', help: 'Volumes.', registers: [registry] }).inc(3);
    await start({ registry });
    const { status, headers, body } = await get('/metrics');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe(registry.contentType);
    expect(body).toContain('volumes_total 3');
  });

  it('fail with the reason of the registry', async () => {
    const metrics = async () => {
      throw new Error('the disk is gone');
    };
    await start({ registry: { contentType: 'text/plain', metrics } });
    expect(await get('/metrics')).toMatchObject({ status: 500, body: 'the disk is gone\n' });
  });
});

describe('the HTTP endpoint', () => {
  it('has nothing else', async () => {
    await start();
    expect(await get('/')).toMatchObject({ status: 404, body: 'there is /healthz, /readyz\n' });
    expect(await get('/metrics')).toMatchObject({ status: 404 });
    expect(await get('/healthz', { method: 'POST' })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    await startPlugin();
    const head = await get('/healthz', { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, headers: { 'content-length': '3' }, body: '' });
  });

  it('may be a Unix socket, also where an earlier one was left', async () => {
    await startPlugin();
    const path = join(folder, 'http.sock');
    await start({ path });
    expect(http!.port).toBeUndefined();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await get('/healthz', { socketPath: path })).toMatchObject({ status: 200 });
    await expect(serveHttp({ path, probe: socket })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('is on the loopback interface unless it is told otherwise', async () => {
    await start();
    expect(await get('/')).toMatchObject({ status: 404 });
    await expect(
      new Promise((resolve, reject) => connect(http!.port!, '127.0.0.2', () => resolve('in')).on('error', reject)),
    ).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('closes with connections that are idle and with requests that wait', async () => {
    let probes = 0;
    const listener = await startPlugin(() => {
      probes++;
      return new Promise(() => {});
    });
    await start();
    const idle = connect(http!.port!, '127.0.0.1');
    const closed = new Promise((resolve) => idle.on('close', resolve));
    const waiting = expect(get('/healthz')).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect.poll(() => probes).toBe(1);
    await http!.close();
    await http!.close();
    await closed;
    await waiting;
    // The probe, too.
    await expect.poll(() => listener.connectionCount).toBe(0);
  });

  it('is at one address', async () => {
    await expect(serveHttp({ probe: socket })).rejects.toThrow('either a port or a path');
    await expect(serveHttp({ port: 0, path: socket, probe: socket })).rejects.toThrow('either a port or a path');
  });

  it.each([
    [{ probeTimeout: 5 }, 'serveHttp has no option "probeTimeout"; write probeTimeoutMs'],
    [{ port: 70_000 }, 'port is 70000; it must be a whole number from 0 to 65535'],
    [{ port: '9808' }, 'port is 9808'],
    [{ host: '' }, 'host is ""; it must be a text'],
    [{ port: undefined, path: '/x', host: '::1' }, 'host goes with a port'],
    [{ probe: 'tcp://x' }, 'tcp://'],
    [{ probeTimeoutMs: 0 }, 'probeTimeoutMs is 0; it must be a number more than 0'],
    [{ registry: {} }, 'registry must be a Registry'],
    [{ ready: true }, 'ready must be a function'],
  ])('refuses %j', async (options, message) => {
    await expect(serveHttp({ port: 0, probe: socket, ...options } as never)).rejects.toThrow(message);
  });
});
