import { describe, expect, it } from 'vitest';
import { Code } from '../../../../src/index.js';
import { block, mount, openHostPath } from '../open-host-path.js';

describe('validateVolumeCapabilities', () => {
  it('confirms what it was asked, and nothing when a part of it is wrong', async () => {
    const { createVolume, validate } = await openHostPath();
    const { volumeId } = await createVolume({ name: 'data' });
    const volumeCapabilities = [mount];
    const asked = { volumeCapabilities, volumeContext: {}, parameters: {}, mutableParameters: { iops: '5' } };
    expect(await validate({ volumeId, ...asked })).toEqual({ confirmed: asked });
    for (const wrong of [
      { volumeCapabilities: [mount, block] },
      { volumeCapabilities, parameters: { kind: 'gold' } },
      { volumeCapabilities, mutableParameters: { size: '1' } },
      { volumeCapabilities, volumeContext: { path: '/' } },
    ]) {
      expect(await validate({ volumeId, ...wrong })).toEqual({ message: expect.stringMatching(/./) });
    }
    const unknown = validate({ volumeId: 'none', volumeCapabilities });
    await expect(unknown).rejects.toMatchObject({ code: Code.NOT_FOUND });
  });
});
