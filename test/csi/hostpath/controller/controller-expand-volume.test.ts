import { stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Code } from '../../../../src/index.js';
import { block, MEBIBYTE, mount, openHostPath } from '../open-host-path.js';

const to = (requiredBytes: bigint, limitBytes = 0n) => ({ capacityRange: { requiredBytes, limitBytes } });

describe('controllerExpandVolume', () => {
  it('grows exactly, the file of a block device too, which the node has to hear of', async () => {
    const { createVolume, expand, getVolume, hostPath } = await openHostPath();
    const folder = await createVolume({ name: 'folder' });
    const file = await createVolume({ name: 'file', volumeCapabilities: [block] });
    const size = to(3n * MEBIBYTE, 3n * MEBIBYTE);
    const grown = { capacityBytes: 3n * MEBIBYTE };
    for (let times = 0; times < 2; times++) {
      expect(await expand({ volumeId: folder.volumeId, ...size })).toEqual({ ...grown, nodeExpansionRequired: false });
      expect(await expand({ volumeId: file.volumeId, ...size })).toEqual({ ...grown, nodeExpansionRequired: true });
    }
    expect((await stat(hostPath.volumes.pathOf(file.volumeId), { bigint: true })).size).toBe(3n * MEBIBYTE);
    expect((await getVolume({ volumeId: folder.volumeId })).volume).toMatchObject(grown);
    expect(hostPath.capacity.availableOf('standard')).toBe(94n * MEBIBYTE);
  });

  it('leaves what is large enough, and never shrinks', async () => {
    const { createVolume, expand } = await openHostPath();
    const { volumeId } = await createVolume({ name: 'data' });
    expect((await expand({ volumeId, ...to(1n) })).capacityBytes).toBe(MEBIBYTE);
    await expect(expand({ volumeId, ...to(0n, 1n) })).rejects.toMatchObject({ code: Code.OUT_OF_RANGE });
  });

  it('needs the volume, the room, and the right access type', async () => {
    const { createVolume, expand, hostPath } = await openHostPath();
    const { volumeId } = await createVolume({ name: 'data' });
    await createVolume({ name: 'large', ...to(90n * MEBIBYTE) });
    const fails = (fields: object) =>
      expand(fields).then(
        () => undefined,
        ({ code }) => code,
      );
    expect(await fails({ volumeId: 'none', ...to(1n) })).toBe(Code.NOT_FOUND);
    expect(await fails({ volumeId, ...to(11n * MEBIBYTE) })).toBe(Code.RESOURCE_EXHAUSTED);
    expect(await fails({ volumeId, ...to(101n * MEBIBYTE) })).toBe(Code.OUT_OF_RANGE);
    expect(await fails({ volumeId, ...to(1n), volumeCapability: block })).toBe(Code.INVALID_ARGUMENT);
    expect(hostPath.capacity.availableOf('standard')).toBe(9n * MEBIBYTE);
    expect(await fails({ volumeId, ...to(10n * MEBIBYTE), volumeCapability: mount })).toBeUndefined();
  });
});
