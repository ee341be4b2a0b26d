import { describe, expect, it } from 'vitest';
import { Code } from '../../../../src/index.js';
import { block, mount, openHostPath } from '../open-host-path.js';

describe('controllerPublishVolume', () => {
  it('attaches to the node, again in the same way, not in another', async () => {
    const { createVolume, publish, getVolume } = await openHostPath();
    const { volumeId } = await createVolume({ name: 'data' });
    for (let times = 0; times < 2; times++) expect(await publish({ volumeId, readonly: true })).toEqual({});
    expect((await getVolume({ volumeId })).status).toEqual({ publishedNodeIds: ['node-1'] });
    await expect(publish({ volumeId })).rejects.toMatchObject({ code: Code.ALREADY_EXISTS });
  });

  it('knows neither other volumes nor other nodes, nor the other access type', async () => {
    const { createVolume, publish } = await openHostPath();
    const { volumeId } = await createVolume({ name: 'data' });
    await expect(publish({ volumeId: 'none' })).rejects.toMatchObject({ code: Code.NOT_FOUND });
    await expect(publish({ volumeId, nodeId: 'none' })).rejects.toMatchObject({ code: Code.NOT_FOUND });
    const device = publish({ volumeId, volumeCapability: block });
    await expect(device).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
  });

  it('keeps the limit of the node, also for calls side by side', async () => {
    const { createVolume, publish, unpublish } = await openHostPath({ maxVolumesPerNode: 2 });
    const ids: string[] = [];
    for (const name of ['a', 'b', 'c']) ids.push((await createVolume({ name })).volumeId);
    const many = await Promise.allSettled(ids.map((volumeId) => publish({ volumeId })));
    const refused = many.findIndex(({ status }) => status === 'rejected');
    expect(many.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(many[refused]).toMatchObject({ reason: { code: Code.RESOURCE_EXHAUSTED } });
    const attached = ids.filter((_, index) => index !== refused);
    await publish({ volumeId: attached[0] });
    await unpublish({ volumeId: attached[0], nodeId: 'node-1' });
    expect(await publish({ volumeId: ids[refused] })).toEqual({});
  });

  it('refuses a second node unless the access mode is for many', async () => {
    const first = await openHostPath();
    const { volumeId } = await first.createVolume({ name: 'data' });
    await first.publish({ volumeId });
    await first.hostPath.close();
    // The same state on a node that was renamed.
    const second = await openHostPath({ ...first.options, nodeId: 'node-2' });
    const onSecond = { volumeId, nodeId: 'node-2' };
    await expect(second.publish(onSecond)).rejects.toMatchObject({
      code: Code.FAILED_PRECONDITION,
      statusMessage: expect.stringContaining('node-1'),
    });
    await second.publish({ ...onSecond, volumeCapability: { ...mount, accessMode: { mode: 5 } } });
    expect((await second.getVolume({ volumeId })).status?.publishedNodeIds).toEqual(['node-1', 'node-2']);
  });
});
