import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failedPrecondition } from '../../../src/csi/csi-error.js';
import { probePlugin } from '../../../src/csi/http/probe-plugin.js';
import { createPlugin, type Plugin, type PluginOptions } from '../../../src/csi/plugin/create-plugin.js';
import { Code } from '../../../src/index.js';

let folder: string;
let path: string;
let plugin: Plugin | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-probe-'));
  path = join(folder, 'csi.sock');
});

afterEach(async () => {
  await plugin?.server.shutdown({ graceMs: 0 });
  plugin = undefined;
  rmSync(folder, { recursive: true });
});

async function start(probe?: NonNullable<PluginOptions['identity']>['probe']) {
  const identity = probe === undefined ? {} : { probe };
  plugin = createPlugin({ name: 'csi.example.com', version: '1.0.0', shutdownOn: false, identity });
  return plugin.listen(path);
}

describe('a probe', () => {
  it('is content with a plugin that is ready, or says nothing about it', async () => {
    const listener = await start(async () => ({}));
    await probePlugin(path);
    await probePlugin(path);
    // Over a connection of its own each.
    expect(listener.counters.accepted).toBe(2);
  });

  it('leaves no connection behind', async () => {
    const listener = await start();
    await probePlugin(path);
    await expect.poll(() => listener.connectionCount).toBe(0);
  });

  it('fails for a plugin that is not ready', async () => {
    await start(async () => ({ ready: false }));
    await expect(probePlugin(path)).rejects.toThrow(/csi\.sock answers, but is not ready/);
  });

  it('fails with the plugin’s own reason', async () => {
    await start(async () => {
      throw failedPrecondition('the pool is not mounted');
    });
    await expect(probePlugin(path)).rejects.toThrow('FAILED_PRECONDITION: the pool is not mounted');
  });

  it('fails when there is no plugin', async () => {
    await expect(probePlugin(path)).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  });

  it('waits no longer than it is told', async () => {
    await start(() => new Promise(() => {}));
    await expect(probePlugin(path, { timeoutMs: 50 })).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    const controller = new AbortController();
    const probe = probePlugin(path, { signal: controller.signal });
    controller.abort();
    await expect(probe).rejects.toMatchObject({ code: Code.CANCELLED });
  });
});
