import { describe, expect, it } from 'vitest';
import { Code } from '../../../../src/index.js';
import { openHostPath } from '../open-host-path.js';

describe('controllerModifyVolume', () => {
  it('changes what is given, all or nothing', async () => {
    const { createVolume, modify, hostPath } = await openHostPath({ mutableParameters: ['iops', 'label'] });
    const { volumeId } = await createVolume({ name: 'data', mutableParameters: { iops: '1', label: 'a' } });
    const now = () => hostPath.store.volumes.get(volumeId)?.mutableParameters;
    for (let times = 0; times < 2; times++) await modify({ volumeId, mutableParameters: { iops: '2' } });
    expect(now()).toEqual({ iops: '2', label: 'a' });
    const unknown = modify({ volumeId, mutableParameters: { iops: '3', size: '3' } });
    await expect(unknown).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
    expect(now()).toEqual({ iops: '2', label: 'a' });
    const missing = modify({ volumeId: 'none', mutableParameters: { iops: '3' } });
    await expect(missing).rejects.toMatchObject({ code: Code.NOT_FOUND });
  });
});
