import { rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { VolumeHealthErrorType as Status } from '../../../../gen/csi/v1/csi.js';
import { Code } from '../../../../src/index.js';
import { block, openHostPath } from '../open-host-path.js';

describe('controllerGetVolumeHealth', () => {
  it('finds nothing wrong with a volume as it was made', async () => {
    const { createVolume, health } = await openHostPath();
    expect(await health(await createVolume({ name: 'folder' }))).toEqual([]);
    expect(await health(await createVolume({ name: 'file', volumeCapabilities: [block] }))).toEqual([]);
    await expect(health({ volumeId: 'none' })).rejects.toMatchObject({ code: Code.NOT_FOUND });
  });

  it('finds content that is gone, replaced or cut off', async () => {
    const { createVolume, health, hostPath } = await openHostPath();
    const folder = await createVolume({ name: 'folder' });
    const file = await createVolume({ name: 'file', volumeCapabilities: [block] });
    const pathOf = ({ volumeId }: { readonly volumeId: string }) => hostPath.volumes.pathOf(volumeId);
    const reasonOf = async (volume: { readonly volumeId: string }) => {
      const problems = await health(volume);
      expect(problems.map(({ status }) => status)).toEqual([Status.DATA_LOSS]);
      return problems[0].reason;
    };
    await truncate(pathOf(file), 4096);
    expect(await reasonOf(file)).toBe('ContentTruncated');
    await rm(pathOf(file));
    expect(await reasonOf(file)).toBe('ContentMissing');
    await symlink('/dev/null', pathOf(file));
    expect(await reasonOf(file)).toBe('ContentReplaced');
    await rm(pathOf(folder), { recursive: true });
    await writeFile(pathOf(folder), '');
    expect(await reasonOf(folder)).toBe('ContentReplaced');
  });

  it('takes content for lost only when its disk is there', async () => {
    const { createVolume, health, hostPath } = await openHostPath();
    const volume = await createVolume({ name: 'data' });
    const { path } = hostPath.volumes;
    await rename(path, `${path}.away`);
    expect(await health(volume)).toEqual([
      { status: Status.INACCESSIBLE, reason: 'StorageMissing', message: expect.stringContaining(path) },
    ]);
    await rename(`${path}.away`, path);
    expect(await health(volume)).toEqual([]);
  });
});
