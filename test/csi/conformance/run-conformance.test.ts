import { readdirSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ControllerDefinition } from '../../../gen/csi/v1/csi.js';
import type { CheckResult } from '../../../src/csi/conformance/check-result.js';
import type { ConformanceOptions } from '../../../src/csi/conformance/conformance-options.js';
import { runConformance } from '../../../src/csi/conformance/run-conformance.js';
import { createPlugin } from '../../../src/csi/index.js';
import { Code, createChannel, createClient, RpcError } from '../../../src/index.js';
import { temporaryFolder } from '../hostpath/temporary-folder.js';
import { startFaultyPlugin } from './faulty-plugin.js';

async function start() {
  const plugin = await startFaultyPlugin(temporaryFolder());
  onTestFinished(() => plugin.close());
  const channel = createChannel(plugin.endpoint);
  onTestFinished(() => channel.close());
  const controller = createClient(ControllerDefinition, channel);
  const run = (options: ConformanceOptions) =>
    runConformance(plugin.endpoint, { volumeSizeBytes: 2n ** 20n, ...options });
  /** How many volumes and snapshots there are. */
  const left = async () => {
    const [volumes, snapshots] = [await controller.listVolumes({}), await controller.listSnapshots({})];
    return volumes.entries.length + snapshots.entries.length;
  };
  return { plugin, run, left };
}

describe('runConformance', () => {
  it('makes the checks that are asked for, in their order, and tells of each', async () => {
    const { run } = await start();
    const heard: CheckResult[] = [];
    const only = ['identity/it-is-ready', 'identity/the-*'];
    const report = await run({ only, onResult: (result) => heard.push(result) });
    expect(heard.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      'identity/the-name-is-like-a-domain passed',
      'identity/the-version-is-there passed',
      'identity/the-manifest-is-small passed',
      'identity/it-is-ready passed',
    ]);
    expect(report).toMatchObject({ passed: 4, failed: 0, skipped: 0, interrupted: false, results: heard });
    await expect(run({ only: ['controler/*'] })).rejects.toThrow('no check is named "controler/*"');
  });

  it('says why it skips what the plugin does not advertise, and what nobody gave', async () => {
    const endpoint = `unix://${temporaryFolder()}/csi.sock`;
    const plugin = createPlugin({ name: 'bare.csi.example.com', version: '1', shutdownOn: false });
    onTestFinished(() => plugin.close());
    await plugin.listen(endpoint);
    const { results, skipped, failed } = await runConformance(endpoint);
    expect(failed).toBe(0);
    const reasons = new Set(results.flatMap((result) => (result.outcome === 'skipped' ? [result.reason] : [])));
    expect([...reasons]).toEqual(
      expect.arrayContaining([
        'the plugin does not advertise CONTROLLER_SERVICE',
        'the plugin does not advertise CREATE_DELETE_VOLUME on its controller service',
        'the plugin serves no node',
        'nobody said how to kill and start the plugin: --restart-command',
      ]),
    );
    expect(skipped).toBeGreaterThan(100);
  });

  it('tells what was expected, what came, and the calls that led to it, without secrets', async () => {
    const { plugin, run } = await start();
    plugin.breakWith(async ({ method, forward }) =>
      method === 'CreateVolume' ? { volume: { ...(await forward()).volume, capacityBytes: 1n } } : forward(),
    );
    const secrets = { CreateVolume: { password: 'not to be told' } };
    const { results } = await run({ only: ['controller/a-volume-is-made'], secrets });
    expect(results).toEqual([
      {
        name: 'controller/a-volume-is-made',
        outcome: 'failed',
        expected: 'at least the 1048576 bytes of required_bytes, or 0 for unknown',
        received: '1',
        calls: [
          expect.stringMatching(/^csi\.v1\.Controller\/CreateVolume \{.*"\*\*\*stripped\*\*\*".*\} -> OK \{.*\}$/),
        ],
      },
    ]);
    expect(JSON.stringify(results)).not.toContain('not to be told');
  });

  it('takes back all that a check made, also one that failed, and of which it has no answer', async () => {
    const { plugin, run, left } = await start();
    let calls = 0;
    plugin.breakWith(async ({ method, request, forward }) => {
      if (method !== 'CreateVolume' || !request.name.endsWith('-3') || ++calls > 1) return forward();
      await forward();
      // Done, but nobody hears of it: only the same name asked for again gives the id.
      await plugin.restart();
      return {};
    });
    const [result] = (await run({ only: ['list/volumes-are-listed'] })).results;
    expect(result).toMatchObject({ outcome: 'failed', received: expect.stringContaining('UNAVAILABLE') });
    expect(calls).toBe(2);
    expect(await left()).toBe(0);
  });

  it('fails a check whose volumes cannot be deleted', async () => {
    const { plugin, run } = await start();
    plugin.breakWith(async ({ method, forward }) => {
      if (method === 'DeleteVolume') throw new RpcError(Code.INTERNAL, 'no');
      return forward();
    });
    const [result] = (await run({ only: ['controller/a-volume-is-made'] })).results;
    expect(result).toMatchObject({ outcome: 'failed', expected: 'that what a check made can be taken back' });
  });

  it('ends when it is told to, with nothing left', async () => {
    const { plugin, run, left } = await start();
    const [staging, target] = [temporaryFolder(), temporaryFolder()];
    const controller = new AbortController();
    plugin.breakWith(async ({ method, forward }) => {
      if (method === 'NodePublishVolume') controller.abort();
      return forward();
    });
    const only = ['node/*'];
    const folders = { stagingFolder: staging, targetFolder: target };
    const report = await run({ only, ...folders, signal: controller.signal });
    expect(report.interrupted).toBe(true);
    expect(report.results).toContainEqual({
      name: 'node/usage-is-told',
      outcome: 'skipped',
      reason: 'the run was ended before',
    });
    expect(await left()).toBe(0);
    expect([readdirSync(staging), readdirSync(target)]).toEqual([[], []]);
  });

  it('waits no longer for a plugin when it is told to end', async () => {
    const controller = new AbortController();
    const run = runConformance(`unix://${temporaryFolder()}/nobody.sock`, { signal: controller.signal });
    controller.abort();
    await expect(run).rejects.toMatchObject({ code: Code.CANCELLED });
  });

  it('fails when there is no plugin', async () => {
    const endpoint = `unix://${temporaryFolder()}/nobody.sock`;
    await expect(runConformance(endpoint, { callTimeoutMs: 100 })).rejects.toThrow('DEADLINE_EXCEEDED');
  });
});
