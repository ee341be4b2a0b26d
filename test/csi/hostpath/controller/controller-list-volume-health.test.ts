import { rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Code } from '../../../../src/index.js';
import { openHostPath } from '../open-host-path.js';

describe('controllerListVolumeHealth', () => {
  it('lists the volumes that are ill, by pages, and no others', async () => {
    const { createVolume, listHealth, hostPath } = await openHostPath({ capacity: { standard: 1024n ** 4n } });
    const ids: string[] = [];
    for (let index = 0; index < 120; index++) ids.push((await createVolume({ name: `${index}` })).volumeId);
    expect(await listHealth()).toEqual({ entries: [], nextToken: '' });
    const ill = [ids[3], ids[50], ids[99], ids[100], ids[119]];
    for (const id of ill) await rm(hostPath.volumes.pathOf(id), { recursive: true });
    const all = await listHealth();
    expect(all.entries.map(({ volumeId }) => volumeId)).toEqual(ill);
    expect(all.entries[0].healthStatuses).toMatchObject([{ reason: 'ContentMissing' }]);

    const found: string[] = [];
    const sizes: number[] = [];
    for (let startingToken = ''; ; ) {
      const { entries, nextToken } = await listHealth({ maxEntries: 2, startingToken });
      found.push(...entries.map(({ volumeId }) => volumeId));
      sizes.push(entries.length);
      if (nextToken === '') break;
      startingToken = nextToken;
    }
    expect([found, sizes]).toEqual([ill, [2, 2, 1]]);
    expect((await listHealth({ maxEntries: 5 })).nextToken).toBe('');
  });

  it('knows its tokens, and when nobody waits any more', async () => {
    const { listHealth } = await openHostPath();
    await expect(listHealth({ startingToken: 'none' })).rejects.toMatchObject({ code: Code.ABORTED });
    await expect(listHealth({}, AbortSignal.abort(new Error('cancelled')))).rejects.toThrow('cancelled');
  });
});
