import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { newId } from '../../../src/csi/hostpath/new-id.js';
import { MEBIBYTE, openHostPath } from './open-host-path.js';

describe('sweepOrphans', () => {
  it('removes content without a record, and keeps records whose content somebody removed', async () => {
    const first = await openHostPath();
    const [kept, lost] = [await first.createVolume({ name: 'kept' }), await first.createVolume({ name: 'lost' })];
    const snapshots: string[] = [];
    for (const name of ['kept', 'lost']) {
      snapshots.push((await first.createSnapshot({ name, sourceVolumeId: kept.volumeId })).snapshotId);
    }
    await first.publish({ volumeId: lost.volumeId });
    const { volumes, snapshots: frozen } = first.hostPath;
    await first.hostPath.close();
    const [half, file] = [newId('vol'), newId('snap')];
    await mkdir(volumes.pathOf(half));
    await writeFile(join(volumes.pathOf(half), 'file'), 'content');
    await writeFile(frozen.pathOf(file), 'content', { mode: 0o400 });
    await writeFile(join(volumes.path, 'notes.txt'), 'not of this plugin');
    await rm(volumes.pathOf(lost.volumeId), { recursive: true });
    await rm(frozen.pathOf(snapshots[1]), { recursive: true });

    const logger = { info: vi.fn(), warn: vi.fn() };
    const second = await openHostPath({ ...first.options, logger });
    const { hostPath, createVolume, deleteVolume, deleteSnapshot, unpublish } = second;
    expect(hostPath.swept).toEqual({ content: [half, file], missing: [lost.volumeId, snapshots[1]] });
    expect(logger.warn).toHaveBeenCalledWith({ ids: [lost.volumeId, snapshots[1]] }, expect.any(String));
    expect(await hostPath.volumes.ids()).toEqual([kept.volumeId]);
    expect(await hostPath.snapshots.ids()).toEqual([snapshots[0]]);
    // Nobody gets an empty volume for one whose data is lost; to have one, it is deleted.
    expect((await createVolume({ name: 'lost' })).volumeId).toBe(lost.volumeId);
    await unpublish({ volumeId: lost.volumeId });
    await deleteVolume({ volumeId: lost.volumeId });
    await deleteSnapshot({ snapshotId: snapshots[1] });
    expect(hostPath.capacity.availableOf('standard')).toBe(98n * MEBIBYTE);
    await hostPath.close();
    const third = await openHostPath(first.options);
    expect(third.hostPath.swept).toEqual({ content: [], missing: [] });
  });
});
