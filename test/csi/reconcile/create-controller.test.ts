import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { createController } from '../../../src/csi/index.js';
import { Code, RpcError } from '../../../src/index.js';
import { temporaryFolder } from '../hostpath/temporary-folder.js';
import { changed, MemoryPlugin, times } from './memory-plugin.js';
import { startController } from './start-controller.js';

const nowhere = () => `unix-abstract:podwire-test-${randomUUID()}`;

describe('createController', () => {
  it('takes wishes before the plugin is there, and says what it waits for', async () => {
    const plugin = new MemoryPlugin();
    const { controller } = await startController({ endpoint: plugin.endpoint });
    await controller.volumes.set('data', { size: 5 });
    await controller.volumes.set('changed my mind', {});
    await controller.volumes.delete('changed my mind');
    expect(controller.volumes.get('data')).toMatchObject({ phase: 'waiting', waitsFor: ['the plugin'] });
    await expect(controller.settled({ signal: AbortSignal.timeout(20) })).rejects.toThrow(
      'the plugin was not there yet',
    );
    await plugin.listen();
    await controller.settled();
    expect(controller.volumes.get('data')).toMatchObject({ phase: 'ready', volumeId: 'volume-1', capacityBytes: 5n });
    expect(controller.plugin).toBe('memory.example.com');
  });

  it('goes on where the last one ended, with the same parameters', async () => {
    const plugin = new MemoryPlugin();
    await plugin.listen();
    const stateFolder = temporaryFolder();
    const first = await startController({ endpoint: plugin.endpoint, stateFolder });
    plugin.faults.createVolume = times(1, async (answer) => {
      await answer();
      return new Promise(() => {});
    });
    await first.controller.volumes.set('data', { size: 5 });
    await vi.waitFor(() => expect(plugin.volumes.size).toBe(1));
    await first.controller.volumes.set('data', { size: 7 });
    await first.controller.close();
    const again = new MemoryPlugin();
    for (const [id, volume] of plugin.volumes) again.volumes.set(id, volume);
    await again.listen();
    const second = await startController({ endpoint: again.endpoint, stateFolder });
    await second.controller.settled();
    expect([...again.volumes.values()]).toMatchObject([{ name: 'data', bytes: 7n }]);
    expect(again.calls.filter((method) => !method.startsWith('list'))).toEqual([
      'createVolume',
      'controllerExpandVolume',
    ]);
  });

  it('makes snapshots and copies in order, and deletes them in the other', async () => {
    const plugin = new MemoryPlugin();
    const file = join(temporaryFolder(), 'volumes.yaml');
    writeFileSync(
      file,
      'volumes: { copy: { from: { snapshot: nightly } }, data: {} }\nsnapshots: { nightly: { of: data } }',
    );
    const { controller, events } = await startController({ endpoint: plugin.endpoint, file });
    await plugin.listen();
    await controller.settled();
    expect(controller.snapshots.get('nightly')).toMatchObject({ readyToUse: true, createdAt: new Date(1_000) });
    writeFileSync(file, 'volumes: {}');
    await vi.waitFor(() => expect(events.some(({ type }) => type === 'fileRead')).toBe(true));
    await controller.settled();
    await new Promise(setImmediate);
    const done = events.flatMap((event) =>
      event.type === 'operationSucceeded' ? `${event.method} ${event.name}` : [],
    );
    expect(done).toEqual([
      ...['createVolume data', 'createSnapshot nightly', 'createVolume copy'],
      ...['deleteVolume copy', 'deleteSnapshot nightly', 'deleteVolume data'],
    ]);
  });

  it('says what the plugin cannot do, and does it when it can', async () => {
    const plugin = new MemoryPlugin();
    const serving = await plugin.listen({ without: ['createSnapshot', 'deleteSnapshot', 'listSnapshots'] });
    const { controller, events } = await startController({ endpoint: plugin.endpoint });
    await controller.volumes.set('data', {});
    await controller.snapshots.set('nightly', { of: 'data' });
    await expect(controller.settled()).rejects.toThrow('does not advertise CREATE_DELETE_SNAPSHOT');
    expect(controller.snapshots.get('nightly')).toMatchObject({ phase: 'stuck' });
    expect(events.filter(({ type }) => type === 'operationFailed')).toEqual([]);
    await serving.close();
    await plugin.listen();
    await vi.waitFor(() => expect(controller.snapshots.get('nightly')).toMatchObject({ phase: 'ready' }));
  });

  it('tries what is UNIMPLEMENTED no more until something changes', async () => {
    const plugin = new MemoryPlugin();
    await plugin.listen();
    const { controller } = await startController({ endpoint: plugin.endpoint });
    plugin.faults.createVolume = async () => {
      throw new RpcError(Code.UNIMPLEMENTED, 'not today');
    };
    await controller.volumes.set('data', {});
    await expect(controller.settled()).rejects.toThrow('createVolume: UNIMPLEMENTED: not today');
    expect(controller.volumes.get('data')).toMatchObject({
      phase: 'stuck',
      lastError: { retryAt: undefined, attempts: 1 },
    });
    plugin.faults.createVolume = undefined;
    await controller.volumes.set('data', { size: 1 });
    await controller.settled();
  });

  it('finds what is missing, and makes it anew where that is wished', async () => {
    for (const recreateMissing of [false, true]) {
      const plugin = new MemoryPlugin();
      await plugin.listen();
      const { controller } = await startController({ endpoint: plugin.endpoint, recreateMissing });
      await controller.volumes.set('data', {});
      await controller.settled();
      plugin.volumes.clear();
      await controller.resync();
      if (recreateMissing) {
        await controller.settled();
        expect([...plugin.volumes.values()]).toMatchObject([{ name: 'data' }]);
      } else {
        await expect(controller.settled()).rejects.toThrow('the plugin has no volume "volume-1" any more');
        expect(plugin.volumes.size).toBe(0);
      }
      await controller.close();
    }
  });

  it('does not lead the volumes of one driver with another', async () => {
    const stateFolder = temporaryFolder();
    const plugin = new MemoryPlugin();
    const serving = await plugin.listen();
    const first = await startController({ endpoint: plugin.endpoint, stateFolder });
    await first.controller.volumes.set('data', {});
    await first.controller.settled();
    await first.controller.close();
    await serving.close();
    const other = new MemoryPlugin();
    await other.listen({ name: 'other.example.com' });
    const { events } = await startController({ endpoint: other.endpoint, stateFolder });
    await vi.waitFor(() => expect(events.some(({ type }) => type === 'pluginFailed')).toBe(true));
    const failed = events.find((event) => event.type === 'pluginFailed');
    expect(failed?.error.message).toContain(
      '"memory.example.com": give the endpoint of that one, or another state folder',
    );
    expect(other.calls).toEqual([]);
  });

  it('follows a file, and keeps to the last one without mistakes', async () => {
    const plugin = new MemoryPlugin();
    await plugin.listen();
    const file = join(temporaryFolder(), 'volumes.yaml');
    writeFileSync(file, 'volumes: { data: { size: 5 } }');
    const { controller, events } = await startController({ endpoint: plugin.endpoint, file });
    await controller.settled();
    await expect(controller.volumes.set('other', {})).rejects.toThrow('change it there');
    writeFileSync(file, '');
    await vi.waitFor(() => expect(events.some(({ type }) => type === 'fileRefused')).toBe(true));
    expect(controller.volumes.list()).toHaveLength(1);
    writeFileSync(file, 'volumes: { other: {} }');
    await vi.waitFor(() => expect([...plugin.volumes.values()]).toMatchObject([{ name: 'other' }]));
  });

  it('gives secrets to calls, and keeps none', async () => {
    const plugin = new MemoryPlugin();
    const seen: unknown[] = [];
    plugin.faults.createVolume = (answer, request) => {
      seen.push((request as { secrets: unknown }).secrets);
      return answer();
    };
    await plugin.listen();
    const secrets = vi.fn(async () => ({ password: 'hunter2' }));
    const { controller, events } = await startController({ endpoint: plugin.endpoint, secrets });
    await controller.volumes.set('data', {});
    await controller.settled();
    expect(seen).toEqual([{ password: 'hunter2' }]);
    expect(secrets).toHaveBeenCalledWith({ kind: 'volume', name: 'data', method: 'createVolume' });
    expect(JSON.stringify(events)).not.toContain('hunter2');
  });

  it('asks for a snapshot until it is ready to use', async () => {
    const plugin = new MemoryPlugin();
    await plugin.listen();
    type Answer = { snapshot: object };
    plugin.faults.createSnapshot = times(
      3,
      changed<Answer>(({ snapshot }) => ({ snapshot: { ...snapshot, readyToUse: false } })),
    );
    const { controller } = await startController({ endpoint: plugin.endpoint });
    await controller.volumes.set('data', {});
    await controller.snapshots.set('nightly', { of: 'data' });
    await controller.settled();
    expect(plugin.calls.filter((method) => method === 'createSnapshot')).toHaveLength(4);
    expect(plugin.snapshots.size).toBe(1);
  });

  it.each([
    [{}, 'stateFolder is missing'],
    [{ stateFolder: '/tmp/x', workers: 0 }, 'workers is 0'],
    [{ stateFolder: '/tmp/x', stateFoldr: '/tmp/x' }, 'a controller has no option "stateFoldr"; write stateFolder'],
    [{ stateFolder: '/tmp/x', callTimeoutMs: -1 }, 'callTimeoutMs is -1'],
    [{ stateFolder: '/tmp/x', backoff: { firstMs: 0 } }, 'backoff.firstMs is 0'],
    [{ stateFolder: '/tmp/x', endpoint: 'tcp://x' }, 'tcp'],
  ])('refuses %j', async (options, message) => {
    await expect(createController(options as never)).rejects.toThrow(message);
  });

  it('refuses wishes that cannot be, and says where', async () => {
    const { controller } = await startController({ endpoint: nowhere() });
    await expect(controller.volumes.set('x', { size: '64Mb' })).rejects.toThrow('size: "64Mb" is no size');
    await expect(controller.volumes.set('x', { publish: [{ target: 'relative' }] })).rejects.toThrow(
      'publish[0].target: must be an absolute path',
    );
    await expect(controller.snapshots.set('x', { off: 'data' } as never)).rejects.toThrow(
      'off: is not known here; write of',
    );
    await expect(controller.volumes.set('', {})).rejects.toThrow('must be a text');
    expect(await controller.volumes.delete('never there')).toBe(false);
  });

  it('has a state folder to itself', async () => {
    const stateFolder = temporaryFolder();
    await startController({ endpoint: nowhere(), stateFolder });
    await expect(createController({ stateFolder, endpoint: nowhere() })).rejects.toThrow('is in use by');
  });
});
