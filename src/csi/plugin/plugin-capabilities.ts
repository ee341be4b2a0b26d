import {
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  GroupControllerServiceCapability_RPC_Type as GroupRpc,
  NodeServiceCapability_RPC_Type as NodeRpc,
  PluginCapability_Service_Type as Service,
} from '../../../gen/csi/v1/csi.js';
import { controllerMethods, groupControllerMethods, nodeMethods } from '../method-capabilities.js';
import type { PluginHandlers } from './plugin-handlers.js';
import { type SpecVersion, sinceVersion113 } from './spec-version.js';

/** What a plugin tells of itself. */
export interface PluginCapabilities {
  readonly services: readonly Service[];
  /** When volumes can grow: also while published, or only while not. Undefined: not said. */
  readonly volumeExpansion: 'online' | 'offline' | undefined;
  readonly controller: readonly ControllerRpc[];
  readonly groupController: readonly GroupRpc[];
  readonly node: readonly NodeRpc[];
}

/** What no handler shows. Each is off unless it is said. */
export interface PluginFeatures {
  /** CreateVolume takes a volume as its source. */
  readonly cloneVolume?: boolean;
  /** ControllerPublishVolume honours `readonly`. */
  readonly publishReadonly?: boolean;
  /** ListVolumes and ControllerGetVolume say on which nodes a volume is published. */
  readonly listVolumesPublishedNodes?: boolean;
  /** The access modes SINGLE_NODE_SINGLE_WRITER and SINGLE_NODE_MULTI_WRITER are understood, on controller and node. */
  readonly singleNodeMultiWriter?: boolean;
  /** Staging or publishing honours `volume_mount_group`. */
  readonly volumeMountGroup?: boolean;
  /** Not every node reaches every volume: topology matters. */
  readonly accessibilityConstraints?: boolean;
  /** Not every snapshot can be used everywhere. Since 1.13. */
  readonly snapshotAccessibilityConstraints?: boolean;
  /** Volumes can grow while they are published, or only while they are not. */
  readonly volumeExpansion?: 'online' | 'offline';
}

/**
 * What the handlers and features show, `override` in place of it where given, and in either case without what the version
 * does not know.
 *
 * @throws TypeError for calls that CSI has only together, of which some are missing.
 */
export function pluginCapabilities(
  handlers: PluginHandlers,
  features: PluginFeatures,
  version: SpecVersion,
  override: Partial<PluginCapabilities> = {},
): PluginCapabilities {
  const found: PluginCapabilities = {
    services: services(handlers, features),
    volumeExpansion: features.volumeExpansion,
    controller: handlers.controller === undefined ? [] : controller(handlers.controller, features),
    groupController: groupController(handlers.groupController ?? {}),
    node: handlers.node === undefined ? [] : node(handlers.node, features),
    ...override,
  };
  if (handlers.snapshotMetadata !== undefined) {
    together('snapshotMetadata', handlers.snapshotMetadata, ['getMetadataAllocated', 'getMetadataDelta']);
  }
  if (version !== '1.12') {
    checkHealth(found.controller);
    return found;
  }
  return {
    ...found,
    services: found.services.filter((type) => !sinceVersion113.services.has(type)),
    controller: found.controller.filter((type) => !sinceVersion113.controller.has(type)),
    node: found.node.filter((type) => !sinceVersion113.node.has(type)),
  };
}

/** "ControllerListVolumeHealth": a caller asks anew for a volume that it may have missed between two pages. */
function checkHealth(controller: readonly ControllerRpc[]): void {
  if (!controller.includes(ControllerRpc.LIST_VOLUME_HEALTH)) return;
  if (controller.includes(ControllerRpc.GET_VOLUME_HEALTH)) return;
  throw new TypeError('controller lacks controllerGetVolumeHealth: CSI wants it beside controllerListVolumeHealth');
}

function services(handlers: PluginHandlers, features: PluginFeatures): Service[] {
  return given<Service>([
    [Service.CONTROLLER_SERVICE, handlers.controller],
    [Service.GROUP_CONTROLLER_SERVICE, handlers.groupController],
    [Service.SNAPSHOT_METADATA_SERVICE, handlers.snapshotMetadata],
    [Service.VOLUME_ACCESSIBILITY_CONSTRAINTS, features.accessibilityConstraints],
    [Service.SNAPSHOT_ACCESSIBILITY_CONSTRAINTS, features.snapshotAccessibilityConstraints],
  ]);
}

function controller(handlers: NonNullable<PluginHandlers['controller']>, features: PluginFeatures): ControllerRpc[] {
  return offered(ControllerRpc, 'controller', controllerMethods, handlers, {
    [ControllerRpc.CLONE_VOLUME]: features.cloneVolume,
    [ControllerRpc.PUBLISH_READONLY]: features.publishReadonly,
    [ControllerRpc.LIST_VOLUMES_PUBLISHED_NODES]: features.listVolumesPublishedNodes,
    [ControllerRpc.SINGLE_NODE_MULTI_WRITER]: features.singleNodeMultiWriter,
  });
}

function groupController(handlers: NonNullable<PluginHandlers['groupController']>): GroupRpc[] {
  return offered(GroupRpc, 'groupController', groupControllerMethods, handlers, {});
}

function node(handlers: NonNullable<PluginHandlers['node']>, features: PluginFeatures): NodeRpc[] {
  together('node', handlers, ['nodePublishVolume', 'nodeUnpublishVolume']);
  return offered(NodeRpc, 'node', nodeMethods, handlers, {
    [NodeRpc.SINGLE_NODE_MULTI_WRITER]: features.singleNodeMultiWriter,
    [NodeRpc.VOLUME_MOUNT_GROUP]: features.volumeMountGroup,
  });
}

/** The capabilities whose methods are all there, or that a feature shows. */
function offered<Rpc extends number, Handlers extends object>(
  types: { readonly [name: string]: Rpc },
  service: string,
  needs: { readonly [Method in keyof Handlers & string]-?: Rpc | undefined },
  handlers: Handlers,
  features: { readonly [type: number]: boolean | undefined },
): Rpc[] {
  return Object.values(types).filter((type) => {
    const methods = (Object.keys(needs) as (keyof Handlers & string)[]).filter((name) => needs[name] === type);
    return methods.length > 0 ? together(service, handlers, methods) : features[type] === true;
  });
}

function given<Type>(candidates: readonly (readonly [Type, unknown])[]): Type[] {
  return candidates.filter(([, shown]) => Boolean(shown)).map(([type]) => type);
}

/** Whether all are there, which one capability stands for. */
function together<Handlers extends object>(
  service: string,
  handlers: Handlers,
  names: readonly (keyof Handlers & string)[],
): boolean {
  const missing = names.filter((name) => handlers[name] === undefined);
  if (missing.length === 0 || missing.length === names.length) return missing.length === 0;
  throw new TypeError(`${service} lacks ${missing.join(', ')}: CSI has ${names.join(', ')} only together`);
}
