import { describe, expect, it } from 'vitest';
import * as csi from '../../../gen/csi/v1/csi.js';
import { operationKeyOf } from '../../../src/csi/plugin/operation-keys.js';

const methods = [
  csi.IdentityDefinition,
  csi.ControllerDefinition,
  csi.GroupControllerDefinition,
  csi.SnapshotMetadataDefinition,
  csi.NodeDefinition,
].flatMap((definition) => Object.values(definition.methods).map(({ name }) => name as string));

const looking = /^(Get|Probe|Validate|List|Controller(Get|List)|GroupControllerGet|NodeGet)/;

function keyOf(method: string, request: object) {
  return operationKeyOf(method)?.(request as never);
}

describe('operationKeyOf', () => {
  it.each(methods.filter((name) => looking.test(name)))('%s runs beside everything', (name) => {
    expect(operationKeyOf(name)).toBeUndefined();
  });

  it.each(methods.filter((name) => !looking.test(name)))('%s has a key', (name) => {
    expect(operationKeyOf(name)).toBeTypeOf('function');
  });

  it('is the name of what is created, the id of what is there', () => {
    expect(keyOf('CreateVolume', { name: 'data' })).toEqual({ kind: 'volume', id: 'data' });
    expect(keyOf('DeleteVolume', { volumeId: 'v1' })).toEqual({ kind: 'volume', id: 'v1' });
    expect(keyOf('CreateSnapshot', { name: 's', sourceVolumeId: 'v1' })).toEqual({ kind: 'snapshot', id: 's' });
    expect(keyOf('DeleteSnapshot', { snapshotId: 's1' })).toEqual({ kind: 'snapshot', id: 's1' });
    expect(keyOf('CreateVolumeGroupSnapshot', { name: 'g' })).toEqual({ kind: 'group snapshot', id: 'g' });
    expect(keyOf('DeleteVolumeGroupSnapshot', { groupSnapshotId: 'g1' })).toEqual({ kind: 'group snapshot', id: 'g1' });
  });

  it('is one volume for the controller, on whatever node', () => {
    for (const name of methods.filter((name) => /^Controller(Publish|Unpublish|Expand|Modify)/.test(name))) {
      expect(keyOf(name, { volumeId: 'v1', nodeId: 'n1' })).toEqual({ kind: 'volume', id: 'v1' });
    }
  });

  it('is a volume and a path on the node', () => {
    const request = { volumeId: 'v1', stagingTargetPath: '/staging', targetPath: '/target', volumePath: '/path' };
    const at = (path: string) => ({ kind: 'volume', id: 'v1', path });
    expect(keyOf('NodeStageVolume', request)).toEqual(at('/staging'));
    expect(keyOf('NodeUnstageVolume', request)).toEqual(at('/staging'));
    expect(keyOf('NodePublishVolume', request)).toEqual(at('/target'));
    expect(keyOf('NodeUnpublishVolume', request)).toEqual(at('/target'));
    expect(keyOf('NodeExpandVolume', request)).toEqual(at('/path'));
  });
});
