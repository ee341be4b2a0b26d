import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createPlugin, failedPrecondition, type Plugin, type PluginHandlers } from '../../src/csi/index.js';
import { sameUser } from '../../src/index.js';
import { buildPeer, type PeerProgram } from './build-peers.js';
import { JsonLineProcess } from './json-line-process.js';
import { type ResultTable, saveTable } from './results.js';

const kinds = { path: 'path', abstract: 'abstract name' } as const;
const name = 'csi.example.com';
const probeMethod = '/csi.v1.Identity/Probe';
type Probe = NonNullable<NonNullable<PluginHandlers['identity']>['probe']>;

const rows: ResultTable['rows'] = {};

let sidecar: PeerProgram;

beforeAll(async () => {
  sidecar = await buildPeer('csi-sidecar');
});

afterAll(() => saveTable('sidecars', { columns: Object.values(kinds), rows }));

describe.each(['path', 'abstract'] as const)('what CSI sidecars share, on an endpoint that is %s', (kind) => {
  let folder: string;
  let endpoint: string;
  let plugins: Plugin[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podwire-sidecar-'));
    endpoint = kind === 'path' ? `unix://${folder}/csi.sock` : `unix-abstract:podwire-sidecar-${randomUUID()}`;
  });

  afterEach(async () => {
    for (const plugin of plugins) await plugin.close();
    plugins = [];
  });

  afterAll(() => rm(folder, { recursive: true }));

  async function startPlugin(probe: Probe): Promise<Plugin> {
    const plugin = createPlugin({
      ...{ name, version: '1.0.0', shutdownOn: false, identity: { probe } },
      controller: {
        createVolume: async ({ name: volumeId }) => ({ volume: { volumeId } }),
        deleteVolume: async () => ({}),
      },
      groupController: {
        createVolumeGroupSnapshot: async () => ({}),
        deleteVolumeGroupSnapshot: async () => ({}),
        getVolumeGroupSnapshot: async () => ({}),
      },
    });
    plugins.push(plugin);
    await plugin.listen(endpoint, { allowPeer: sameUser() });
    return plugin;
  }

  /** A case whose outcome is a row of docs/interop.md. */
  function row(title: string, check: () => Promise<void>): void {
    rows[title] = { ...rows[title], [kinds[kind]]: '**failed**' };
    it(title, async () => {
      await check();
      rows[title]![kinds[kind]] = 'ok';
    });
  }

  const start = (...args: string[]) => new JsonLineProcess(sidecar, ['--csi-address', endpoint, ...args]);
  const run = (...args: string[]) => JsonLineProcess.run(sidecar, ['--csi-address', endpoint, ...args]);
  const ready: Probe = async () => ({ ready: true });
  const never: Probe = () => new Promise(() => {});

  row('waits for a plugin that is not there yet', async () => {
    await using started = start();
    await sleep(200);
    expect(started.lines).toEqual([]);
    await startPlugin(ready);
    expect(await started.ended(), started.log).toBe(0);
  });

  row('learns who the plugin is and what it can, and counts its calls', async () => {
    await startPlugin(ready);
    const { end, lines } = await run();
    expect(end).toBe(0);
    const told = Object.assign({}, ...lines);
    expect(told).toMatchObject({
      name,
      plugin: ['CONTROLLER_SERVICE', 'GROUP_CONTROLLER_SERVICE'],
      controller: ['CREATE_DELETE_VOLUME'],
      groupController: ['CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT'],
    });
    expect(told.metrics).toMatchObject({
      // Before it knew the name.
      [`unknown-driver ${probeMethod} OK`]: 1,
      [`${name} /csi.v1.Identity/GetPluginCapabilities OK`]: 1,
      [`${name} /csi.v1.Controller/ControllerGetCapabilities OK`]: 1,
    });
  });

  row('probes a plugin that is not ready until it is', async () => {
    let probes = 0;
    await startPlugin(async () => ({ ready: ++probes > 2 }));
    const { end, lines } = await run();
    expect(end).toBe(0);
    expect(probes).toBe(3);
    expect(lines.at(-1)?.metrics).toMatchObject({ [`unknown-driver ${probeMethod} OK`]: 3 });
  });

  row('probes a plugin that does not answer again, and the plugin knows that nobody waits any more', async () => {
    let probes = 0;
    let cancelled = false;
    await startPlugin(async (_, context) => {
      if (++probes > 1) return {};
      context.signal.addEventListener('abort', () => {
        cancelled = true;
      });
      return never({}, context);
    });
    const { end, lines } = await run('--probe-timeout', '200ms');
    expect(end).toBe(0);
    expect(cancelled).toBe(true);
    expect(lines.at(-1)?.metrics).toMatchObject({
      [`unknown-driver ${probeMethod} DeadlineExceeded`]: 1,
      [`unknown-driver ${probeMethod} OK`]: 1,
    });
  });

  row('gives up when a probe fails, with the code and the reason', async () => {
    await startPlugin(async () => {
      throw failedPrecondition('the disk is not there');
    });
    const { end, lines } = await run();
    expect(end).toBe(1);
    expect(lines.at(-1)?.failed).toMatch(/code = FailedPrecondition desc = the disk is not there$/);
  });

  row('tells the life of a plugin from one probe, as livenessprobe does', async () => {
    const once = async () => (await run('--once', '--probe-timeout', '500ms')).lines.at(-1);
    expect(await once()).toEqual({ failed: expect.stringMatching(/^connect: /) });
    const answers: Probe[] = [ready, async () => ({}), async () => ({ ready: false }), never];
    await startPlugin((request, context) => answers.shift()!(request, context));
    expect(await once()).toEqual({ ready: true });
    expect(await once()).toEqual({ ready: true });
    expect(await once()).toEqual({ ready: false });
    expect(await once()).toEqual({ failed: expect.stringMatching(/^probe: DeadlineExceeded: /) });
  });

  row('finds the plugin again after it was started anew', async () => {
    const first = await startPlugin(ready);
    await using started = start('--watch');
    await started.line({ probed: 'OK' });
    await first.close();
    await started.line({ probed: 'Unavailable' });
    await startPlugin(ready);
    await started.line({ probed: 'OK' }, started.lines.length);
    expect(await started.stop()).toBe(0);
    // The library notices for addresses that begin with unix:// only.
    expect(started.lines.filter(({ lost }) => lost)).toHaveLength(kind === 'path' ? 1 : 0);
  });

  if (kind === 'abstract') return;
  row('ends when the plugin goes, where it was told to', async () => {
    const plugin = await startPlugin(ready);
    await using started = start('--watch', '--exit-on-connection-loss');
    await started.line({ probed: 'OK' });
    await plugin.close();
    expect(await started.ended()).toBe(1);
    expect(started.log).toContain('Lost connection to CSI driver, exiting');
  });
});
