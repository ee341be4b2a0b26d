import { describe, expect, it } from 'vitest';
import {
  ControllerDefinition,
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  GroupControllerServiceCapability_RPC_Type as GroupRpc,
  NodeDefinition,
  NodeServiceCapability_RPC_Type as NodeRpc,
  PluginCapability_Service_Type as Service,
} from '../../../gen/csi/v1/csi.js';
import { type PluginFeatures, pluginCapabilities } from '../../../src/csi/plugin/plugin-capabilities.js';
import type { PluginHandlers } from '../../../src/csi/plugin/plugin-handlers.js';

const handler = async () => ({});

function handlers(...names: string[]): { [name: string]: typeof handler } {
  return Object.fromEntries(names.map((name) => [name, handler]));
}

function derive(given: PluginHandlers, features: PluginFeatures = {}, version: '1.12' | '1.13' = '1.13') {
  return pluginCapabilities(given, features, version);
}

const group = ['createVolumeGroupSnapshot', 'deleteVolumeGroupSnapshot', 'getVolumeGroupSnapshot'];
const everything: PluginHandlers = {
  controller: handlers(...Object.keys(ControllerDefinition.methods)),
  groupController: handlers(...group),
  snapshotMetadata: handlers('getMetadataAllocated', 'getMetadataDelta') as never,
  node: handlers(...Object.keys(NodeDefinition.methods)),
};
const allFeatures: PluginFeatures = {
  cloneVolume: true,
  publishReadonly: true,
  listVolumesPublishedNodes: true,
  singleNodeMultiWriter: true,
  volumeMountGroup: true,
  accessibilityConstraints: true,
  snapshotAccessibilityConstraints: true,
  volumeExpansion: 'online',
};

function all<Type extends number>(types: { readonly [name: string]: Type }): Type[] {
  return Object.values(types).filter((type) => type > 0);
}

function sorted(types: readonly number[]): number[] {
  return [...types].sort((a, b) => a - b);
}

describe('what handlers show', () => {
  it.each<[ControllerRpc, string[]]>([
    [ControllerRpc.CREATE_DELETE_VOLUME, ['createVolume', 'deleteVolume']],
    [ControllerRpc.PUBLISH_UNPUBLISH_VOLUME, ['controllerPublishVolume', 'controllerUnpublishVolume']],
    [ControllerRpc.LIST_VOLUMES, ['listVolumes']],
    [ControllerRpc.GET_CAPACITY, ['getCapacity']],
    [ControllerRpc.CREATE_DELETE_SNAPSHOT, ['createSnapshot', 'deleteSnapshot']],
    [ControllerRpc.LIST_SNAPSHOTS, ['listSnapshots']],
    [ControllerRpc.EXPAND_VOLUME, ['controllerExpandVolume']],
    [ControllerRpc.GET_VOLUME, ['controllerGetVolume']],
    [ControllerRpc.MODIFY_VOLUME, ['controllerModifyVolume']],
    [ControllerRpc.GET_SNAPSHOT, ['getSnapshot']],
    [ControllerRpc.GET_VOLUME_HEALTH, ['controllerGetVolumeHealth']],
  ])('controller capability %i: %j', (type, names) => {
    const { controller, services, node, groupController } = derive({ controller: handlers(...names) });
    expect(controller).toEqual([type]);
    expect(services).toEqual([Service.CONTROLLER_SERVICE]);
    expect([...node, ...groupController]).toEqual([]);
    for (const name of names.length > 1 ? names : []) {
      const missing = names.filter((other) => other !== name).join();
      expect(() => derive({ controller: handlers(name) })).toThrow(
        expect.objectContaining({
          name: 'TypeError',
          message: expect.stringContaining(`controller lacks ${missing}:`),
        }),
      );
    }
  });

  it.each<[NodeRpc, string[]]>([
    [NodeRpc.STAGE_UNSTAGE_VOLUME, ['nodeStageVolume', 'nodeUnstageVolume']],
    [NodeRpc.GET_VOLUME_STATS, ['nodeGetVolumeStats']],
    [NodeRpc.EXPAND_VOLUME, ['nodeExpandVolume']],
    [NodeRpc.GET_VOLUME_HEALTH, ['nodeGetVolumeHealth']],
    [NodeRpc.GET_STORAGE_HEALTH, ['nodeGetStorageHealth']],
  ])('node capability %i: %j', (type, names) => {
    expect(derive({ node: handlers(...names) })).toMatchObject({ node: [type], services: [], controller: [] });
  });

  it('nothing where no capability belongs to a call', () => {
    const node = handlers('nodeGetInfo', 'nodePublishVolume', 'nodeUnpublishVolume');
    expect(derive({ node, controller: handlers('validateVolumeCapabilities') })).toEqual({
      ...{ services: [Service.CONTROLLER_SERVICE], volumeExpansion: undefined },
      ...{ controller: [], groupController: [], node: [] },
    });
    expect(derive({})).toMatchObject({ services: [], controller: [] });
  });

  it('a service for each that is given', () => {
    const { snapshotMetadata, groupController } = everything;
    expect(derive({ snapshotMetadata }).services).toEqual([Service.SNAPSHOT_METADATA_SERVICE]);
    expect(derive({ groupController })).toMatchObject({
      services: [Service.GROUP_CONTROLLER_SERVICE],
      groupController: [GroupRpc.CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT],
    });
  });

  it('an error for half of what belongs together', () => {
    expect(() => derive({ groupController: handlers(...group.slice(1)) })).toThrow(/lacks createVolumeGroupSnapshot:/);
    expect(() => derive({ node: handlers('nodePublishVolume') })).toThrow(/node lacks nodeUnpublishVolume:/);
    expect(() => derive({ node: handlers('nodeUnstageVolume') })).toThrow(/node lacks nodeStageVolume:/);
    const list = { controller: handlers('controllerListVolumeHealth') };
    expect(() => derive(list)).toThrow('controller lacks controllerGetVolumeHealth');
    expect(derive(list, {}, '1.12').controller).toEqual([]);
    const snapshotMetadata = handlers('getMetadataDelta') as never;
    expect(() => derive({ snapshotMetadata })).toThrow(/snapshotMetadata lacks getMetadataAllocated:/);
  });

  it('all that there is, with every handler and feature', () => {
    const found = derive(everything, allFeatures);
    expect(sorted(found.services)).toEqual(sorted(all(Service)));
    expect(sorted(found.controller)).toEqual(sorted(all(ControllerRpc)));
    expect(sorted(found.node)).toEqual(sorted(all(NodeRpc)));
    expect(found.groupController).toEqual(all(GroupRpc));
    expect(found.volumeExpansion).toBe('online');
  });
});

describe('what handlers do not show', () => {
  it.each<[keyof PluginFeatures, object]>([
    ['cloneVolume', { controller: [ControllerRpc.CLONE_VOLUME] }],
    ['publishReadonly', { controller: [ControllerRpc.PUBLISH_READONLY] }],
    ['listVolumesPublishedNodes', { controller: [ControllerRpc.LIST_VOLUMES_PUBLISHED_NODES] }],
    [
      'singleNodeMultiWriter',
      { controller: [ControllerRpc.SINGLE_NODE_MULTI_WRITER], node: [NodeRpc.SINGLE_NODE_MULTI_WRITER] },
    ],
    ['volumeMountGroup', { node: [NodeRpc.VOLUME_MOUNT_GROUP] }],
    ['accessibilityConstraints', { services: [Service.CONTROLLER_SERVICE, Service.VOLUME_ACCESSIBILITY_CONSTRAINTS] }],
  ])('is said: %s', (feature, expected) => {
    const nothing = { services: [Service.CONTROLLER_SERVICE], controller: [], node: [] };
    expect(derive({ controller: {}, node: {} }, { [feature]: false })).toMatchObject(nothing);
    expect(derive({ controller: {}, node: {} }, { [feature]: true })).toMatchObject({ ...nothing, ...expected });
  });

  it('does not speak for a service that is not there', () => {
    expect(derive({ node: {} }, { singleNodeMultiWriter: true, cloneVolume: true }).controller).toEqual([]);
    expect(derive({ controller: {} }, { volumeMountGroup: true }).node).toEqual([]);
  });
});

describe('for a caller of 1.12', () => {
  it('what came later is left out', () => {
    const found = derive(everything, allFeatures, '1.12');
    expect(Math.max(...found.services)).toBe(Service.SNAPSHOT_METADATA_SERVICE);
    expect(Math.max(...found.controller)).toBe(ControllerRpc.GET_SNAPSHOT);
    expect(Math.max(...found.node)).toBe(NodeRpc.VOLUME_MOUNT_GROUP);
    expect(found.services).toHaveLength(4);
    expect(found.controller).toHaveLength(14);
    expect(found.node).toHaveLength(5);
  });
});

describe('an override', () => {
  const override = { services: [Service.CONTROLLER_SERVICE], node: [NodeRpc.GET_STORAGE_HEALTH] };

  it('takes the place of a part', () => {
    const found = pluginCapabilities({ node: handlers('nodeExpandVolume'), controller: {} }, {}, '1.13', override);
    expect(found).toMatchObject({ ...override, controller: [] });
  });

  it('does not bring in what the version does not have', () => {
    expect(pluginCapabilities({ node: {} }, {}, '1.12', override)).toMatchObject({ ...override, node: [] });
  });
});
