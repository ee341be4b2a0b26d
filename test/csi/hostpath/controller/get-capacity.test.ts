import { describe, expect, it } from 'vitest';
import { Code } from '../../../../src/index.js';
import { MEBIBYTE, openHostPath } from '../open-host-path.js';

describe('getCapacity', () => {
  it('says what is left of each kind, and where', async () => {
    const { createVolume, createSnapshot, getCapacity } = await openHostPath({
      capacity: { slow: 10n * MEBIBYTE, fast: 5n * MEBIBYTE },
      topology: { zone: 'z1' },
    });
    const { volumeId } = await createVolume({ name: 'data' });
    await createSnapshot({ name: 'snapshot', sourceVolumeId: volumeId });
    const available = async (fields: object) => (await getCapacity(fields)).availableCapacity / MEBIBYTE;
    expect(await available({})).toBe(8n);
    expect(await available({ parameters: { kind: 'fast' } })).toBe(5n);
    expect(await available({ parameters: { kind: 'gold' } })).toBe(0n);
    expect(await available({ accessibleTopology: { segments: { zone: 'z1' } } })).toBe(8n);
    expect(await available({ accessibleTopology: { segments: { zone: 'z2' } } })).toBe(0n);
    await expect(getCapacity({ parameters: { size: '1' } })).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
  });
});
