import { describe, expect, it } from 'vitest';
import {
  ControllerDefinition,
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  GroupControllerDefinition,
  GroupControllerServiceCapability_RPC_Type as GroupRpc,
  IdentityDefinition,
  NodeDefinition,
  NodeServiceCapability_RPC_Type as NodeRpc,
  PluginCapability_Service_Type as Service,
  SnapshotMetadataDefinition,
} from '../../../gen/csi/v1/csi.js';
import type { PluginDescription } from '../../../src/csi/controller/discover-plugin.js';
import { LocalRules } from '../../../src/csi/controller/local-rules.js';
import type { PluginCapabilities } from '../../../src/csi/plugin/plugin-capabilities.js';
import { Code, type RpcError, type ServiceDefinition } from '../../../src/index.js';
import { compileService } from '../../../src/rpc/compile-service.js';

const definitions: ServiceDefinition[] = [
  ControllerDefinition,
  GroupControllerDefinition,
  SnapshotMetadataDefinition,
  NodeDefinition,
  IdentityDefinition,
];
const methods = new Map(
  definitions.flatMap((definition) => compileService(definition)).map((each) => [each.name, each]),
);

function description(capabilities: Partial<PluginCapabilities>, served = true): PluginDescription {
  return {
    ...{ name: 'csi.example.com', version: '1.0.0', manifest: {}, nodeInfo: undefined },
    capabilities: {
      ...{ services: [], volumeExpansion: undefined, controller: [], groupController: [], node: [] },
      ...capabilities,
    },
    serves: { controller: served, groupController: served, snapshotMetadata: served, node: served },
  };
}

function refusal(plugin: PluginDescription, name: string, message: object = {}, checkRequests = false) {
  const options = { checkRequests, maxMapBytes: Number.POSITIVE_INFINITY };
  const rules = new LocalRules(plugin, 'unix:///csi.sock', options);
  try {
    rules.check(methods.get(name)!, message);
  } catch (error) {
    return error as RpcError;
  }
  return undefined;
}

const all = <Type extends number>(types: { readonly [name: string]: Type }) =>
  Object.values(types).filter((type) => type > 0);

const full = description({
  services: all<Service>(Service),
  controller: all<ControllerRpc>(ControllerRpc),
  groupController: all<GroupRpc>(GroupRpc),
  node: all<NodeRpc>(NodeRpc),
});

describe('a method', () => {
  it('is refused by the name of the capability that is missing', () => {
    const error = refusal(description({ services: [Service.CONTROLLER_SERVICE] }), 'ListVolumes');
    expect(error).toMatchObject({ code: Code.UNIMPLEMENTED });
    expect(error?.message).toBe(
      'UNIMPLEMENTED: the plugin csi.example.com does not advertise LIST_VOLUMES (csi.v1.Controller/ListVolumes at unix:///csi.sock)',
    );
  });

  it.each([
    ['CreateVolume', 'CREATE_DELETE_VOLUME'],
    ['DeleteVolume', 'CREATE_DELETE_VOLUME'],
    ['ControllerPublishVolume', 'PUBLISH_UNPUBLISH_VOLUME'],
    ['ControllerUnpublishVolume', 'PUBLISH_UNPUBLISH_VOLUME'],
    ['ListVolumes', 'LIST_VOLUMES'],
    ['ControllerListVolumeHealth', 'LIST_VOLUME_HEALTH'],
    ['ControllerGetVolumeHealth', 'GET_VOLUME_HEALTH'],
    ['GetCapacity', 'GET_CAPACITY'],
    ['CreateSnapshot', 'CREATE_DELETE_SNAPSHOT'],
    ['DeleteSnapshot', 'CREATE_DELETE_SNAPSHOT'],
    ['ListSnapshots', 'LIST_SNAPSHOTS'],
    ['GetSnapshot', 'GET_SNAPSHOT'],
    ['ControllerExpandVolume', 'EXPAND_VOLUME'],
    ['ControllerGetVolume', 'GET_VOLUME'],
    ['ControllerModifyVolume', 'MODIFY_VOLUME'],
    ['CreateVolumeGroupSnapshot', 'CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT'],
    ['DeleteVolumeGroupSnapshot', 'CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT'],
    ['GetVolumeGroupSnapshot', 'CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT'],
    ['NodeStageVolume', 'STAGE_UNSTAGE_VOLUME'],
    ['NodeUnstageVolume', 'STAGE_UNSTAGE_VOLUME'],
    ['NodeGetVolumeStats', 'GET_VOLUME_STATS'],
    ['NodeGetVolumeHealth', 'GET_VOLUME_HEALTH'],
    ['NodeGetStorageHealth', 'GET_STORAGE_HEALTH'],
    ['NodeExpandVolume', 'EXPAND_VOLUME'],
  ])('%s needs %s', (name, capability) => {
    expect(refusal(description({}), name)?.statusMessage).toBe(
      `the plugin csi.example.com does not advertise ${capability}`,
    );
    expect(refusal(full, name)).toBeUndefined();
  });

  it.each([
    ...['ValidateVolumeCapabilities', 'ControllerGetCapabilities', 'GroupControllerGetCapabilities'],
    ...['NodePublishVolume', 'NodeUnpublishVolume', 'NodeGetInfo', 'NodeGetCapabilities'],
    ...['GetMetadataAllocated', 'GetMetadataDelta'],
  ])('%s needs the service alone', (name) => {
    expect(refusal(description({}), name)).toBeUndefined();
    expect(refusal(description({}, false), name)).toMatchObject({ code: Code.UNIMPLEMENTED });
  });

  it.each([
    ['ValidateVolumeCapabilities', 'does not advertise CONTROLLER_SERVICE'],
    ['GetVolumeGroupSnapshot', 'does not advertise GROUP_CONTROLLER_SERVICE'],
    ['GetMetadataDelta', 'does not advertise SNAPSHOT_METADATA_SERVICE'],
    ['NodeGetInfo', 'does not serve csi.v1.Node here'],
  ])('%s of a service that is not served', (name, why) => {
    expect(refusal(description({}, false), name)?.statusMessage).toBe(`the plugin csi.example.com ${why}`);
  });

  it.each(['Probe', 'GetPluginInfo', 'GetPluginCapabilities'])('%s is always there', (name) => {
    expect(refusal(description({}, false), name)).toBeUndefined();
  });
});

describe('a request', () => {
  const creates = description({ controller: [ControllerRpc.CREATE_DELETE_VOLUME] });
  const publishes = description({ controller: [ControllerRpc.PUBLISH_UNPUBLISH_VOLUME] });
  const clone = { volumeContentSource: { type: { $case: 'volume', value: { volumeId: 'v' } } } };
  const restore = { volumeContentSource: { type: { $case: 'snapshot', value: { snapshotId: 's' } } } };

  it.each([
    ['CreateVolume', creates, clone, 'CLONE_VOLUME'],
    ['CreateVolume', creates, restore, 'CREATE_DELETE_SNAPSHOT'],
    ['CreateVolume', creates, { mutableParameters: { a: 'b' } }, 'MODIFY_VOLUME'],
    ['CreateVolume', creates, { accessibilityRequirements: {} }, 'VOLUME_ACCESSIBILITY_CONSTRAINTS'],
    ['ControllerPublishVolume', publishes, { readonly: true }, 'PUBLISH_READONLY'],
  ] as const)('of %s may need more: %#', (name, plugin, message, capability) => {
    expect(refusal(plugin, name, message)?.statusMessage).toBe(
      `the plugin csi.example.com does not advertise ${capability}`,
    );
    expect(refusal(plugin, name)).toBeUndefined();
    expect(refusal(full, name, message)).toBeUndefined();
  });

  it('that breaks a rule is refused with method and endpoint, unless that is left to the plugin', () => {
    const error = refusal(creates, 'DeleteVolume', {}, true);
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT });
    expect(error?.message).toBe(
      'INVALID_ARGUMENT: volume_id: is required (csi.v1.Controller/DeleteVolume at unix:///csi.sock)',
    );
    expect(refusal(creates, 'DeleteVolume', { volumeId: 'v' }, true)).toBeUndefined();
    expect(refusal(creates, 'DeleteVolume', {}, false)).toBeUndefined();
  });

  it('to publish is refused where staging was left out', () => {
    const message = {
      ...{ volumeId: 'v', targetPath: '/t' },
      volumeCapability: { accessType: { $case: 'block', value: {} }, accessMode: { mode: 1 } },
    };
    expect(refusal(full, 'NodePublishVolume', message, true)).toMatchObject({ code: Code.FAILED_PRECONDITION });
    expect(refusal(description({}), 'NodePublishVolume', message, true)).toBeUndefined();
  });
});
