import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { newId } from '../../../../src/csi/hostpath/new-id.js';
import { Code } from '../../../../src/index.js';
import { from, MEBIBYTE, openHostPath } from '../open-host-path.js';

describe('deleteVolume', () => {
  it('removes record, content and what it took, and may be repeated', async () => {
    const { createVolume, deleteVolume, getVolume, hostPath } = await openHostPath();
    const { volumeId } = await createVolume({ name: 'data' });
    for (let times = 0; times < 2; times++) expect(await deleteVolume({ volumeId })).toEqual({});
    await expect(getVolume({ volumeId })).rejects.toMatchObject({ code: Code.NOT_FOUND });
    expect(await hostPath.volumes.ids()).toEqual([]);
    expect(hostPath.capacity.availableOf('standard')).toBe(100n * MEBIBYTE);
    expect((await createVolume({ name: 'data' })).volumeId).not.toBe(volumeId);
  });

  it('has nothing against ids that never were, wherever they lead', async () => {
    const { deleteVolume, hostPath } = await openHostPath();
    for (const volumeId of ['none', '..', '../../etc', newId('snap'), newId('vol')]) {
      expect(await deleteVolume({ volumeId })).toEqual({});
    }
    expect(hostPath.volumes.path).toBeTruthy();
    expect(await hostPath.volumes.ids()).toEqual([]);
  });

  it('removes the content after the record, so that a crash between them leaves no record without content', async () => {
    const { createVolume, deleteVolume, hostPath } = await openHostPath();
    const { volumeId } = await createVolume({ name: 'data' });
    const remove = hostPath.volumes.remove.bind(hostPath.volumes);
    const recorded: boolean[] = [];
    vi.spyOn(hostPath.volumes, 'remove').mockImplementation((id) => {
      recorded.push(hostPath.store.volumes.get(id) !== undefined);
      return remove(id);
    });
    await deleteVolume({ volumeId });
    expect(recorded).toEqual([false]);
  });

  it('finishes what an earlier attempt left', async () => {
    const { deleteVolume, hostPath } = await openHostPath();
    const volumeId = newId('vol');
    await mkdir(hostPath.volumes.pathOf(volumeId));
    await deleteVolume({ volumeId });
    expect(await hostPath.volumes.ids()).toEqual([]);
  });

  it('is refused while the volume is published, or being copied', async () => {
    const { createVolume, deleteVolume, publish, unpublish, hostPath } = await openHostPath();
    const { volumeId } = await createVolume({ name: 'data' });
    await publish({ volumeId });
    await expect(deleteVolume({ volumeId })).rejects.toMatchObject({ code: Code.FAILED_PRECONDITION });
    await unpublish({ volumeId });
    await hostPath.sourceUses.during('volume', volumeId, async () => {
      await expect(deleteVolume({ volumeId })).rejects.toMatchObject({ code: Code.ABORTED });
    });
    expect(await hostPath.volumes.ids()).toEqual([volumeId]);
  });

  it('and a clone that begins at the same time do not meet half-way', async () => {
    const { createVolume, createSnapshot, deleteVolume, hostPath } = await openHostPath();
    for (let round = 0; round < 10; round++) {
      const { volumeId } = await createVolume({ name: `data ${round}` });
      const names = Array.from({ length: 20 }, (_, index) => `file-${index}`).sort();
      for (const name of names) await writeFile(join(hostPath.volumes.pathOf(volumeId), name), name);
      const deleted = deleteVolume({ volumeId }).catch(({ code }) => expect(code).toBe(Code.ABORTED));
      // The deletion has begun, and what it has written may not be committed.
      for (let turns = 0; turns < round % 5; turns++) await new Promise((resolve) => setImmediate(resolve));
      const [clone, snapshot] = await Promise.all([
        createVolume({ name: `clone ${round}`, ...from('volume', volumeId) }).catch(({ code }) => code),
        createSnapshot({ name: `snapshot ${round}`, sourceVolumeId: volumeId }).catch(({ code }) => code),
      ]);
      await deleted;
      if (typeof clone === 'number') expect(clone).toBe(Code.NOT_FOUND);
      else expect((await readdir(hostPath.volumes.pathOf(clone.volumeId))).sort()).toEqual(names);
      if (typeof snapshot === 'number') expect(snapshot).toBe(Code.NOT_FOUND);
      else expect((await readdir(hostPath.snapshots.pathOf(snapshot.snapshotId))).sort()).toEqual(names);
    }
  });

  it('leaves snapshots and clones', async () => {
    const { createVolume, createSnapshot, deleteVolume, getSnapshot, getVolume } = await openHostPath();
    const { volumeId } = await createVolume({ name: 'data' });
    const { snapshotId } = await createSnapshot({ name: 'snapshot', sourceVolumeId: volumeId });
    const clone = await createVolume({ name: 'clone', ...from('volume', volumeId) });
    await deleteVolume({ volumeId });
    expect((await getSnapshot({ snapshotId })).snapshot.sourceVolumeId).toBe(volumeId);
    expect((await getVolume({ volumeId: clone.volumeId })).volume).toEqual(clone);
    expect(await createVolume({ name: 'clone', ...from('volume', volumeId) })).toEqual(clone);
    expect((await createVolume({ name: 'restored', ...from('snapshot', snapshotId) })).volumeId).toBeTruthy();
  });
});
