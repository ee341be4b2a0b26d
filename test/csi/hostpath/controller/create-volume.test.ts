import { readdirSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { Code } from '../../../../src/index.js';
import { block, from, MEBIBYTE, mount, openHostPath } from '../open-host-path.js';

const fails = (code: number, words = '') => ({ code, statusMessage: expect.stringContaining(words) });

describe('createVolume', () => {
  it('makes a folder, or a file of the size', async () => {
    const { createVolume, hostPath } = await openHostPath();
    const folder = await createVolume({ name: 'folder' });
    const file = await createVolume({ name: 'file', volumeCapabilities: [block] });
    expect([folder.capacityBytes, file.capacityBytes]).toEqual([MEBIBYTE, MEBIBYTE]);
    expect((await stat(hostPath.volumes.pathOf(folder.volumeId))).isDirectory()).toBe(true);
    expect((await stat(hostPath.volumes.pathOf(file.volumeId))).size).toBe(Number(MEBIBYTE));
  });

  it('finds the volume of that name, if it is as it is wanted', async () => {
    const { createVolume, modify } = await openHostPath({ capacity: { slow: 10n * MEBIBYTE, fast: 10n * MEBIBYTE } });
    const { volumeId } = await createVolume({ name: 'data' });
    expect((await createVolume({ name: 'data' })).volumeId).toBe(volumeId);
    const range = (requiredBytes: bigint, limitBytes = 0n) => ({
      name: 'data',
      capacityRange: { requiredBytes, limitBytes },
    });
    expect((await createVolume(range(1n, MEBIBYTE))).volumeId).toBe(volumeId);
    await modify({ volumeId, mutableParameters: { iops: '9' } });
    expect((await createVolume({ name: 'data', mutableParameters: { iops: '5' } })).volumeId).toBe(volumeId);
    const other = await createVolume({ name: 'other' });
    for (const wanted of [
      range(2n * MEBIBYTE),
      range(0n, MEBIBYTE - 1n),
      range(1000n * MEBIBYTE),
      { name: 'data', volumeCapabilities: [block] },
      { name: 'data', parameters: { kind: 'fast' } },
      { name: 'data', ...from('volume', other.volumeId) },
    ]) {
      await expect(createVolume(wanted)).rejects.toMatchObject(fails(Code.ALREADY_EXISTS, '"data"'));
    }
  });

  it('copies a snapshot or a volume, and finds it again', async () => {
    const { createVolume, createSnapshot, getVolume, hostPath } = await openHostPath();
    const source = await createVolume({ name: 'source' });
    const file = (volumeId: string) => join(hostPath.volumes.pathOf(volumeId), 'file');
    await writeFile(file(source.volumeId), 'first');
    const snapshot = await createSnapshot({ name: 'snapshot', sourceVolumeId: source.volumeId });
    await writeFile(file(source.volumeId), 'second');
    const restore = { name: 'restored', ...from('snapshot', snapshot.snapshotId) };
    const clone = { name: 'clone', ...from('volume', source.volumeId) };
    const [restored, cloned] = [await createVolume(restore), await createVolume(clone)];
    expect(await readFile(file(restored.volumeId), 'utf8')).toBe('first');
    expect(await readFile(file(cloned.volumeId), 'utf8')).toBe('second');
    expect(cloned.contentSource).toEqual({ type: { $case: 'volume', value: { volumeId: source.volumeId } } });
    expect((await getVolume({ volumeId: restored.volumeId })).volume).toEqual(restored);
    expect(await createVolume(restore)).toEqual(restored);
    expect(await createVolume(clone)).toEqual(cloned);
    await expect(createVolume({ name: 'clone' })).rejects.toMatchObject(fails(Code.ALREADY_EXISTS));
  });

  it('copies a block device into a larger one', async () => {
    const { createVolume, hostPath } = await openHostPath();
    const source = await createVolume({ name: 'source', volumeCapabilities: [block] });
    await writeFile(hostPath.volumes.pathOf(source.volumeId), 'data', { flag: 'r+' });
    const clone = await createVolume({
      name: 'clone',
      volumeCapabilities: [block],
      ...from('volume', source.volumeId),
      capacityRange: { requiredBytes: 2n * MEBIBYTE },
    });
    const content = await readFile(hostPath.volumes.pathOf(clone.volumeId));
    expect(content).toHaveLength(2 * Number(MEBIBYTE));
    expect(content.subarray(0, 5).toString()).toBe('data\0');
  });

  it('refuses sources that are not there, are larger, or of the other access type', async () => {
    const { createVolume } = await openHostPath();
    const { volumeId } = await createVolume({ name: 'source' });
    const missing = createVolume({ name: 'a', ...from('snapshot', 'snap-1') });
    await expect(missing).rejects.toMatchObject(fails(Code.NOT_FOUND, 'snapshot "snap-1"'));
    await expect(createVolume({ name: 'a', ...from('volume', 'vol-1') })).rejects.toMatchObject(fails(Code.NOT_FOUND));
    const smaller = { name: 'a', ...from('volume', volumeId), capacityRange: { limitBytes: MEBIBYTE - 1n } };
    await expect(createVolume(smaller)).rejects.toMatchObject(fails(Code.OUT_OF_RANGE));
    const device = { name: 'a', ...from('volume', volumeId), volumeCapabilities: [block] };
    await expect(createVolume(device)).rejects.toMatchObject(fails(Code.INVALID_ARGUMENT, 'volume_content_source'));
  });

  it('hands out what there is of each kind, also to calls side by side', async () => {
    const { createVolume, hostPath } = await openHostPath({ capacity: { slow: 3n * MEBIBYTE, fast: MEBIBYTE } });
    const many = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((name) => createVolume({ name })));
    expect(many.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    for (const outcome of many) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(fails(Code.RESOURCE_EXHAUSTED, '"slow"'));
    }
    await createVolume({ name: 'quick', parameters: { kind: 'fast', 'csi.storage.k8s.io/pvc/name': 'claim' } });
    const large = { name: 'large', capacityRange: { requiredBytes: 4n * MEBIBYTE } };
    await expect(createVolume(large)).rejects.toMatchObject(fails(Code.OUT_OF_RANGE));
    expect([hostPath.capacity.availableOf('slow'), hostPath.capacity.availableOf('fast')]).toEqual([0n, 0n]);
  });

  it('leaves nothing of what failed', async () => {
    const { createVolume, hostPath } = await openHostPath();
    const { volumeId } = await createVolume({ name: 'source' });
    await writeFile(join(hostPath.volumes.pathOf(volumeId), 'file'), 'content');
    const clone = createVolume({ name: 'clone', ...from('volume', volumeId) });
    await hostPath.close();
    await expect(clone).rejects.toThrow('closed');
    expect(await readdir(hostPath.volumes.path)).toEqual(expect.arrayContaining(['.store', volumeId]));
    expect(await hostPath.volumes.ids()).toEqual([volumeId]);
  });

  it('has the content before the record, so that a crash between them leaves no record without content', async () => {
    const { createVolume, hostPath } = await openHostPath();
    const { store, volumes } = hostPath;
    const contents: number[] = [];
    const records: number[] = [];
    const transaction = store.transaction.bind(store);
    vi.spyOn(store, 'transaction').mockImplementation((change) => {
      contents.push(readdirSync(volumes.path).filter((name) => name.startsWith('vol-')).length);
      records.push([...store.volumes.all()].length);
      return transaction(change);
    });
    const { volumeId } = await createVolume({ name: 'data' });
    await createVolume({ name: 'clone', ...from('volume', volumeId) });
    // A volume, whether the source of its clone is there, and the clone.
    expect({ contents, records }).toEqual({ contents: [1, 1, 2], records: [0, 1, 1] });
  });

  it('gives a name to one volume, whoever asks how often', async () => {
    const { createVolume, hostPath } = await openHostPath();
    const many = await Promise.allSettled(Array.from({ length: 5 }, () => createVolume({ name: 'data' })));
    const ids = new Set(many.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.volumeId] : [])));
    expect(await hostPath.volumes.ids()).toEqual([...ids]);
    expect(ids.size).toBe(1);
    expect(hostPath.capacity.availableOf('standard')).toBe(99n * MEBIBYTE);
  });

  it('refuses parameters that it does not know by their names, without their values', async () => {
    const { createVolume } = await openHostPath();
    for (const [field, map] of [
      ['parameters', { parameters: { size: 'secret' } }],
      ['mutable_parameters', { mutableParameters: { size: 'secret' } }],
    ] as const) {
      const error = await createVolume({ name: 'data', ...map }).catch((thrown) => thrown);
      expect(error).toMatchObject(fails(Code.INVALID_ARGUMENT, `${field}: `));
      expect(error.message).toContain('size');
      expect(error.message).not.toContain('secret');
    }
    const unknown = createVolume({ name: 'data', parameters: { kind: 'gold' } });
    await expect(unknown).rejects.toMatchObject(fails(Code.INVALID_ARGUMENT, 'kind'));
    const both = createVolume({ name: 'data', volumeCapabilities: [mount, block] });
    await expect(both).rejects.toMatchObject(fails(Code.INVALID_ARGUMENT, 'volume_capabilities'));
  });

  it('is where the node is, and nowhere else', async () => {
    const { createVolume } = await openHostPath({ topology: { zone: 'z1' } });
    const at = (zone: string) => ({ segments: { zone } });
    const near = { accessibilityRequirements: { requisite: [at('z2'), at('z1')], preferred: [at('z2')] } };
    expect((await createVolume({ name: 'near', ...near })).accessibleTopology).toEqual([at('z1')]);
    expect(await createVolume({ name: 'wish', accessibilityRequirements: { preferred: [at('z2')] } })).toBeDefined();
    const far = createVolume({ name: 'far', accessibilityRequirements: { requisite: [at('z2')] } });
    await expect(far).rejects.toMatchObject(fails(Code.RESOURCE_EXHAUSTED));
  });
});
