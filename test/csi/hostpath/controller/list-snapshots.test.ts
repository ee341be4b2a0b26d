import { describe, expect, it } from 'vitest';
import { Code } from '../../../../src/index.js';
import { openHostPath } from '../open-host-path.js';

describe('listSnapshots', () => {
  it('gives all, all of a volume by pages, or one', async () => {
    const { createVolume, createSnapshot, listSnapshots } = await openHostPath();
    const [a, b] = [(await createVolume({ name: 'a' })).volumeId, (await createVolume({ name: 'b' })).volumeId];
    const made: string[] = [];
    for (const sourceVolumeId of [a, b, a, a]) {
      made.push((await createSnapshot({ name: `snapshot ${made.length}`, sourceVolumeId })).snapshotId);
    }
    const list = async (fields: object) => {
      const { entries, nextToken } = await listSnapshots(fields);
      return { ids: entries.map(({ snapshot }) => snapshot.snapshotId), nextToken };
    };
    expect(await list({})).toEqual({ ids: made, nextToken: '' });
    expect(await list({ sourceVolumeId: a })).toEqual({ ids: [made[0], made[2], made[3]], nextToken: '' });
    const first = await list({ sourceVolumeId: a, maxEntries: 2 });
    expect(first.ids).toEqual([made[0], made[2]]);
    const rest = await list({ sourceVolumeId: a, maxEntries: 2, startingToken: first.nextToken });
    expect(rest).toEqual({ ids: [made[3]], nextToken: '' });
    expect((await list({ snapshotId: made[1] })).ids).toEqual([made[1]]);
    expect((await list({ snapshotId: made[1], sourceVolumeId: b })).ids).toEqual([made[1]]);
    for (const none of [
      { snapshotId: made[1], sourceVolumeId: a },
      { snapshotId: 'none' },
      { sourceVolumeId: 'none' },
    ]) {
      expect(await list(none)).toEqual({ ids: [], nextToken: '' });
    }
    await expect(listSnapshots({ startingToken: 'none' })).rejects.toMatchObject({ code: Code.ABORTED });
  });
});
