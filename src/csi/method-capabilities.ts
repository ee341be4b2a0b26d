import {
  type ControllerDefinition,
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  type GroupControllerDefinition,
  GroupControllerServiceCapability_RPC_Type as GroupRpc,
  type NodeDefinition,
  NodeServiceCapability_RPC_Type as NodeRpc,
} from '../../gen/csi/v1/csi.js';
import type { ServiceDefinition } from '../rpc/service-definition.js';

/** Each method of a service that a plugin may leave out, with the capability that says it does not; undefined: always there. */
type MethodCapabilities<Definition extends ServiceDefinition, Rpc> = {
  readonly [Method in Exclude<keyof Definition['methods'], `${string}GetCapabilities`>]: Rpc | undefined;
};

/** What a plugin has to advertise for each call of csi.v1.Controller. */
export const controllerMethods: MethodCapabilities<ControllerDefinition, ControllerRpc> = {
  createVolume: ControllerRpc.CREATE_DELETE_VOLUME,
  deleteVolume: ControllerRpc.CREATE_DELETE_VOLUME,
  controllerPublishVolume: ControllerRpc.PUBLISH_UNPUBLISH_VOLUME,
  controllerUnpublishVolume: ControllerRpc.PUBLISH_UNPUBLISH_VOLUME,
  validateVolumeCapabilities: undefined,
  listVolumes: ControllerRpc.LIST_VOLUMES,
  controllerListVolumeHealth: ControllerRpc.LIST_VOLUME_HEALTH,
  controllerGetVolumeHealth: ControllerRpc.GET_VOLUME_HEALTH,
  getCapacity: ControllerRpc.GET_CAPACITY,
  createSnapshot: ControllerRpc.CREATE_DELETE_SNAPSHOT,
  deleteSnapshot: ControllerRpc.CREATE_DELETE_SNAPSHOT,
  listSnapshots: ControllerRpc.LIST_SNAPSHOTS,
  getSnapshot: ControllerRpc.GET_SNAPSHOT,
  controllerExpandVolume: ControllerRpc.EXPAND_VOLUME,
  controllerGetVolume: ControllerRpc.GET_VOLUME,
  controllerModifyVolume: ControllerRpc.MODIFY_VOLUME,
};

/** Of csi.v1.GroupController. */
export const groupControllerMethods: MethodCapabilities<GroupControllerDefinition, GroupRpc> = {
  createVolumeGroupSnapshot: GroupRpc.CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT,
  deleteVolumeGroupSnapshot: GroupRpc.CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT,
  getVolumeGroupSnapshot: GroupRpc.CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT,
};

/** Of csi.v1.Node. */
export const nodeMethods: MethodCapabilities<NodeDefinition, NodeRpc> = {
  nodeStageVolume: NodeRpc.STAGE_UNSTAGE_VOLUME,
  nodeUnstageVolume: NodeRpc.STAGE_UNSTAGE_VOLUME,
  nodePublishVolume: undefined,
  nodeUnpublishVolume: undefined,
  nodeGetVolumeStats: NodeRpc.GET_VOLUME_STATS,
  nodeGetVolumeHealth: NodeRpc.GET_VOLUME_HEALTH,
  nodeGetStorageHealth: NodeRpc.GET_STORAGE_HEALTH,
  nodeExpandVolume: NodeRpc.EXPAND_VOLUME,
  nodeGetInfo: undefined,
};
