import {
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  NodeServiceCapability_RPC_Type as NodeRpc,
  PluginCapability_Service_Type as Service,
} from '../../../gen/csi/v1/csi.js';

/** The version of CSI that a plugin shows to its callers. */
export type SpecVersion = '1.12' | '1.13';

/** What came with 1.13: a caller that is older may fail when it meets a capability that it does not know. */
export const sinceVersion113 = {
  methods: new Set([
    'controllerGetVolumeHealth',
    'controllerListVolumeHealth',
    'nodeGetVolumeHealth',
    'nodeGetStorageHealth',
  ]),
  services: new Set<Service>([Service.SNAPSHOT_ACCESSIBILITY_CONSTRAINTS]),
  controller: new Set<ControllerRpc>([ControllerRpc.GET_VOLUME_HEALTH, ControllerRpc.LIST_VOLUME_HEALTH]),
  node: new Set<NodeRpc>([NodeRpc.GET_VOLUME_HEALTH, NodeRpc.GET_STORAGE_HEALTH]),
} as const;
