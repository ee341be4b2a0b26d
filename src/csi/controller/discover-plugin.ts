import {
  ControllerDefinition,
  PluginCapability_VolumeExpansion_Type as Expansion,
  GroupControllerDefinition,
  IdentityDefinition,
  NodeDefinition,
  type NodeGetInfoResponse,
  type PluginCapability,
  PluginCapability_Service_Type as Service,
} from '../../../gen/csi/v1/csi.js';
import type { CallOptions } from '../../client/call-options.js';
import type { Channel } from '../../client/channel.js';
import { createClient } from '../../client/client.js';
import { Code } from '../../rpc/code.js';
import { RpcError } from '../../rpc/rpc-error.js';
import type { PluginCapabilities } from '../plugin/plugin-capabilities.js';
import { unlessCode } from './unless-code.js';

/** What a plugin says of itself. */
export interface PluginDescription {
  readonly name: string;
  readonly version: string;
  readonly manifest: { readonly [key: string]: string };
  readonly capabilities: PluginCapabilities;
  /** What this instance answers calls of: one on a node tells CONTROLLER_SERVICE as all do, and may serve no controller. */
  readonly serves: {
    readonly controller: boolean;
    readonly groupController: boolean;
    readonly snapshotMetadata: boolean;
    readonly node: boolean;
  };
  /** The node, with its topology; undefined where NodeGetInfo does not give it. */
  readonly nodeInfo: NodeGetInfoResponse | undefined;
}

/**
 * Asks a plugin for its name, version, capabilities and topology.
 *
 * Rejects with RpcError as the calls do; FAILED_PRECONDITION for a plugin without a name, or with another one than
 * `expectedName`.
 *
 * @param options of each call.
 */
export async function discoverPlugin(
  channel: Channel,
  options: CallOptions,
  expectedName?: string,
): Promise<PluginDescription> {
  const identity = createClient(IdentityDefinition, channel);
  const { name, vendorVersion: version, manifest } = await identity.getPluginInfo({}, options);
  checkName(name, expectedName, channel.address);
  const advertised = (await identity.getPluginCapabilities({}, options)).capabilities;
  const services = advertised.flatMap(serviceOf);
  const controller = createClient(ControllerDefinition, channel);
  const groupController = createClient(GroupControllerDefinition, channel);
  const node = createClient(NodeDefinition, channel);
  const [ofController, ofGroups, ofNode] = await Promise.all([
    services.includes(Service.CONTROLLER_SERVICE)
      ? unlessCode(Code.UNIMPLEMENTED, controller.controllerGetCapabilities({}, options))
      : undefined,
    services.includes(Service.GROUP_CONTROLLER_SERVICE)
      ? unlessCode(Code.UNIMPLEMENTED, groupController.groupControllerGetCapabilities({}, options))
      : undefined,
    // There is no capability for the node service: whoever is asked knows.
    unlessCode(Code.UNIMPLEMENTED, node.nodeGetCapabilities({}, options)),
  ]);
  return {
    ...{ name, version, manifest },
    capabilities: {
      services,
      volumeExpansion: advertised.map(expansionOf).find((expansion) => expansion !== undefined),
      controller: rpcs(ofController?.capabilities),
      groupController: rpcs(ofGroups?.capabilities),
      node: rpcs(ofNode?.capabilities),
    },
    serves: {
      controller: ofController !== undefined,
      groupController: ofGroups !== undefined,
      snapshotMetadata: services.includes(Service.SNAPSHOT_METADATA_SERVICE),
      node: ofNode !== undefined,
    },
    // Who has no use for the node shall not fail for it.
    nodeInfo: ofNode && (await node.nodeGetInfo({}, options).catch(() => undefined)),
  };
}

function checkName(name: string, expectedName: string | undefined, endpoint: string): void {
  if (name === '') {
    throw new RpcError(Code.FAILED_PRECONDITION, 'the plugin has an empty name; CSI wants one', { endpoint });
  }
  if (expectedName === undefined || name === expectedName) return;
  const message = `the plugin is ${JSON.stringify(name)} now, it was ${JSON.stringify(expectedName)} before: another driver took the socket`;
  throw new RpcError(Code.FAILED_PRECONDITION, message, { endpoint });
}

function serviceOf({ type }: PluginCapability): Service[] {
  return type?.$case === 'service' ? [type.value.type] : [];
}

function expansionOf({ type }: PluginCapability): PluginCapabilities['volumeExpansion'] {
  if (type?.$case !== 'volumeExpansion') return undefined;
  if (type.value.type === Expansion.ONLINE) return 'online';
  return type.value.type === Expansion.OFFLINE ? 'offline' : undefined;
}

interface RpcCapability<Type> {
  readonly type: { readonly $case: 'rpc'; readonly value: { readonly type: Type } } | undefined;
}

function rpcs<Type>(capabilities: readonly RpcCapability<Type>[] = []): Type[] {
  return capabilities.flatMap(({ type }) => (type === undefined ? [] : [type.value.type]));
}
