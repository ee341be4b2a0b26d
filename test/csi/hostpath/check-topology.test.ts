import { describe, expect, it } from 'vitest';
import { checkTopology } from '../../../src/csi/hostpath/check-topology.js';
import { Code } from '../../../src/index.js';
import { MEBIBYTE, openHostPath } from './open-host-path.js';

const at = (zone: string) => ({ segments: { 'example.com/zone': zone } });

describe('checkTopology', () => {
  it('wants one of the requisite places to be its own', () => {
    const options = { stateFolder: '/', nodeId: 'node-1', topology: at('z1').segments };
    checkTopology(options, undefined);
    checkTopology(options, { requisite: [], preferred: [at('z2')] });
    checkTopology(options, { requisite: [at('z2'), at('z1')], preferred: [at('z2')] });
    expect(() => checkTopology(options, { requisite: [at('z2')], preferred: [at('z1')] })).toThrow(
      expect.objectContaining({ code: Code.RESOURCE_EXHAUSTED }),
    );
    checkTopology({ stateFolder: '/', nodeId: 'node-1' }, { requisite: [at('z2')], preferred: [] });
  });

  it('is where volumes and snapshots are made, and what they say', async () => {
    const { createVolume, createSnapshot, getSnapshot, listSnapshots, getCapacity, hostPath } = await openHostPath({
      topology: at('z1').segments,
    });
    const accessibilityRequirements = { requisite: [at('z1')] };
    const elsewhere = { accessibilityRequirements: { requisite: [at('z2')] } };
    const volume = await createVolume({ name: 'data', accessibilityRequirements });
    expect(volume.accessibleTopology).toEqual([at('z1')]);
    const exhausted = { code: Code.RESOURCE_EXHAUSTED };
    for (const name of ['data', 'other']) {
      await expect(createVolume({ name, ...elsewhere })).rejects.toMatchObject(exhausted);
    }
    const wanted = { name: 'snapshot', sourceVolumeId: volume.volumeId };
    await expect(createSnapshot({ ...wanted, ...elsewhere })).rejects.toMatchObject(exhausted);
    const snapshot = await createSnapshot({ ...wanted, accessibilityRequirements });
    expect(snapshot.accessibleTopology).toEqual([at('z1')]);
    const { snapshotId } = snapshot;
    expect((await getSnapshot({ snapshotId })).snapshot).toEqual(snapshot);
    expect((await listSnapshots()).entries).toEqual([{ snapshot }]);
    expect(await hostPath.volumes.ids()).toHaveLength(1);
    expect((await getCapacity({ accessibleTopology: at('z2') })).availableCapacity).toBe(0n);
    expect((await getCapacity({ accessibleTopology: at('z1') })).availableCapacity).toBe(98n * MEBIBYTE);
  });

  it('is not told of snapshots to callers of 1.12, who do not know it', async () => {
    const { createVolume, createSnapshot } = await openHostPath({ topology: at('z1').segments, specVersion: '1.12' });
    const { volumeId } = await createVolume({ name: 'data' });
    expect((await createSnapshot({ name: 'snapshot', sourceVolumeId: volumeId })).accessibleTopology).toEqual([]);
  });
});
