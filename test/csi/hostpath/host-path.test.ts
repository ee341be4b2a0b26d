import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { HostPath } from '../../../src/csi/hostpath/host-path.js';
import { openHostPath } from './open-host-path.js';
import { temporaryFolder } from './temporary-folder.js';

describe('HostPath', () => {
  it('has as much as the file system where nothing else is said', async () => {
    const { hostPath } = await openHostPath({ capacity: undefined });
    expect(hostPath.capacity.defaultKind).toBe('standard');
    expect(hostPath.capacity.availableOf('standard')).toBeGreaterThan(1024n ** 2n);
  });

  it('has its volumes after a restart', async () => {
    const first = await openHostPath();
    const volume = await first.createVolume({ name: 'data' });
    await first.hostPath.close();
    const second = await openHostPath(first.options);
    expect(await second.createVolume({ name: 'data' })).toEqual(volume);
    expect(second.hostPath.swept).toEqual({ content: [], missing: [] });
  });

  it('does not begin with the contents of other records', async () => {
    const first = await openHostPath();
    const { volumeId } = await first.createVolume({ name: 'data' });
    await first.hostPath.close();
    await rm(join(first.options.stateFolder, 'store'), { recursive: true });
    await expect(HostPath.open(first.options)).rejects.toThrow('does not belong to the records');
    expect(await first.hostPath.volumes.ids()).toEqual([volumeId]);
  });

  it('leaves its folder to others when what it mounts is mounted', async () => {
    const { hostPath, nodePublish, options } = await openHostPath();
    const volumeContext = { 'csi.storage.k8s.io/ephemeral': 'true', size: '1Mi' };
    const targetPath = join(temporaryFolder(), 'target');
    const { show } = hostPath.mounts;
    let goOn = (): void => {};
    vi.spyOn(hostPath.mounts, 'show').mockImplementationOnce(async (shown) => {
      await new Promise<void>((resolve) => (goOn = resolve));
      await show(shown);
    });
    const published = nodePublish({ volumeId: 'csi-1', targetPath, volumeContext });
    await vi.waitFor(() => expect([...hostPath.store.targets.all()]).toHaveLength(1));
    const closed = hostPath.close();
    await expect(HostPath.open(options)).rejects.toThrow('is in use by this process');
    goOn();
    await published;
    await closed;
    const next = await openHostPath(options);
    await next.nodeUnpublish({ volumeId: 'csi-1', targetPath });
    expect(await next.hostPath.volumes.ids()).toEqual([]);
  });

  it('makes its folder, and closes twice', async () => {
    const { hostPath } = await openHostPath({ stateFolder: join(temporaryFolder(), 'a/b/c') });
    await hostPath.close();
    await hostPath.close();
  });

  it('loses nothing and leaves nothing when it is killed at any moment', async () => {
    const stateFolder = join(temporaryFolder(), 'state');
    const program = fileURLToPath(new URL('host-path-process.ts', import.meta.url));
    const made = new Set<string>();
    const maybeDeleted = new Set<string>();
    const deleted = new Set<string>();
    const said: { readonly [mark: string]: Set<string> } = { '+': made, '?': maybeDeleted, '-': deleted };
    for (let round = 0; round < 5; round++) {
      const child = spawn(process.execPath, ['--import', 'tsx', program, stateFolder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      const exited = once(child, 'exit');
      const lines = createInterface({ input: child.stdout });
      const ended = once(lines, 'close');
      const ready = once(lines, 'line');
      lines.on('line', (line) => said[line[0]]?.add(line.slice(2)));
      await ready;
      await delay(100 + Math.random() * 300);
      child.kill('SIGKILL');
      await Promise.all([exited, ended]);

      const { hostPath } = await openHostPath({ stateFolder, capacity: undefined });
      const { store, volumes, snapshots } = hostPath;
      expect(hostPath.swept.missing).toEqual([]);
      const records = [...store.volumes.all(), ...store.snapshots.all()];
      const ids = new Set(records.map(({ id }) => id));
      expect([...made].filter((id) => !ids.has(id) && !maybeDeleted.has(id))).toEqual([]);
      expect([...deleted].filter((id) => ids.has(id))).toEqual([]);
      expect([...(await volumes.ids()), ...(await snapshots.ids())].sort()).toEqual([...ids].sort());
      const sizes = records.map((record) => ('sizeBytes' in record ? record.sizeBytes : record.capacityBytes));
      expect(store.usedCapacity.of('standard')).toBe(sizes.reduce((sum, size) => sum + size, 0n));
      for (const { id } of store.snapshots.all()) expect(await readdir(snapshots.pathOf(id))).toEqual(['file']);
      await hostPath.close();
    }
    expect(made.size).toBeGreaterThan(10);
  }, 90_000);
});
