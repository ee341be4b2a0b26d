import { describe, expect, it } from 'vitest';
import { pageToken } from '../../../../src/csi/hostpath/page-token.js';
import { Code } from '../../../../src/index.js';
import { openHostPath } from '../open-host-path.js';

describe('listVolumes', () => {
  it('gives every volume once by pages, the oldest first, with its nodes', async () => {
    const { createVolume, listVolumes, publish } = await openHostPath();
    const made: string[] = [];
    for (const name of ['e', 'd', 'c', 'b', 'a']) made.push((await createVolume({ name })).volumeId);
    await publish({ volumeId: made[1] });
    const pages: string[][] = [];
    for (let startingToken = ''; pages.length < 9; ) {
      const { entries, nextToken } = await listVolumes({ maxEntries: 2, startingToken });
      pages.push(entries.map(({ volume }) => volume!.volumeId));
      if (pages.length === 1) expect(entries.map(({ status }) => status?.publishedNodeIds)).toEqual([[], ['node-1']]);
      if (nextToken === '') break;
      startingToken = nextToken;
    }
    expect(pages).toEqual([made.slice(0, 2), made.slice(2, 4), made.slice(4)]);
    expect(await listVolumes({ maxEntries: 5 })).toMatchObject({ nextToken: '', entries: { length: 5 } });
  });

  it('goes on after volumes came and went, that of the token too', async () => {
    const { createVolume, deleteVolume, listVolumes } = await openHostPath();
    const made: string[] = [];
    for (const name of ['a', 'b', 'c']) made.push((await createVolume({ name })).volumeId);
    const { nextToken } = await listVolumes({ maxEntries: 2 });
    for (const volumeId of made.slice(0, 2)) await deleteVolume({ volumeId });
    const { volumeId } = await createVolume({ name: 'd' });
    const { entries } = await listVolumes({ maxEntries: 2, startingToken: nextToken });
    expect(entries.map(({ volume }) => volume?.volumeId)).toEqual([made[2], volumeId]);
  });

  it('refuses tokens that it did not give with ABORTED', async () => {
    const { listVolumes } = await openHostPath();
    for (const startingToken of ['invalid-token', '10', pageToken('snap-00000000000000000000000000000000')]) {
      await expect(listVolumes({ startingToken })).rejects.toMatchObject({ code: Code.ABORTED });
    }
  });
});
