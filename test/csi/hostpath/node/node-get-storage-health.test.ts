import { rename } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { StorageHealthErrorType as Status } from '../../../../gen/csi/v1/csi.js';
import { openHostPath } from '../open-host-path.js';

describe('nodeGetStorageHealth', () => {
  it('finds folders of volumes and snapshots that are not there', async () => {
    const { storageHealth, hostPath } = await openHostPath();
    expect(await storageHealth()).toEqual([]);
    const { volumes, snapshots } = hostPath;
    await rename(snapshots.path, `${snapshots.path}.away`);
    expect(await storageHealth()).toMatchObject([{ status: Status.STORAGE_UNREACHABLE, reason: 'StorageMissing' }]);
    await rename(volumes.path, `${volumes.path}.away`);
    const [both, ...others] = await storageHealth();
    expect(others).toEqual([]);
    for (const { path } of [volumes, snapshots]) expect(both.message).toContain(path);
  });
});
