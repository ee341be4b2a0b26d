import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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
    expect(second.hostPath.swept).toEqual({ content: [], records: [] });
  });

  it('does not begin with the contents of other records', async () => {
    const first = await openHostPath();
    const { volumeId } = await first.createVolume({ name: 'data' });
    await first.hostPath.close();
    await rm(join(first.options.stateFolder, 'store'), { recursive: true });
    await expect(HostPath.open(first.options)).rejects.toThrow('does not belong to the records');
    expect(await first.hostPath.volumes.ids()).toEqual([volumeId]);
  });

  it('makes its folder, and closes twice', async () => {
    const { hostPath } = await openHostPath({ stateFolder: join(temporaryFolder(), 'a/b/c') });
    await hostPath.close();
    await hostPath.close();
  });
});
