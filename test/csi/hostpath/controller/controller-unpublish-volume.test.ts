import { describe, expect, it } from 'vitest';
import { openHostPath } from '../open-host-path.js';

describe('controllerUnpublishVolume', () => {
  it('detaches from the node that is named, or from all, and may be repeated', async () => {
    const { createVolume, publish, unpublish, getVolume } = await openHostPath();
    const { volumeId } = await createVolume({ name: 'data' });
    const nodes = async () => (await getVolume({ volumeId })).status.publishedNodeIds;
    await publish({ volumeId });
    await unpublish({ volumeId, nodeId: 'another' });
    expect(await nodes()).toEqual(['node-1']);
    for (let times = 0; times < 2; times++) expect(await unpublish({ volumeId, nodeId: 'node-1' })).toEqual({});
    expect(await nodes()).toEqual([]);
    await publish({ volumeId });
    await unpublish({ volumeId });
    expect(await nodes()).toEqual([]);
    expect(await unpublish({ volumeId: 'none', nodeId: 'node-1' })).toEqual({});
  });
});
