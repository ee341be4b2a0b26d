import {
  ControllerDefinition,
  GroupControllerDefinition,
  IdentityDefinition,
  NodeDefinition,
  SnapshotMetadataDefinition,
} from '../../../gen/csi/v1/csi.js';
import type { CallOptions } from '../../client/call-options.js';
import type { Channel } from '../../client/channel.js';
import { type Client, createClient } from '../../client/client.js';

/** All services of CSI, without regard to what a plugin advertises: a check asks for what it should not get, too. */
export interface PluginClients {
  readonly identity: Client<IdentityDefinition>;
  readonly controller: Client<ControllerDefinition>;
  readonly groupController: Client<GroupControllerDefinition>;
  readonly snapshotMetadata: Client<SnapshotMetadataDefinition>;
  readonly node: Client<NodeDefinition>;
}

/** @param defaults of each call. */
export function pluginClients(channel: Channel, defaults: CallOptions): PluginClients {
  return {
    identity: createClient(IdentityDefinition, channel, { defaults }),
    controller: createClient(ControllerDefinition, channel, { defaults }),
    groupController: createClient(GroupControllerDefinition, channel, { defaults }),
    snapshotMetadata: createClient(SnapshotMetadataDefinition, channel, { defaults }),
    node: createClient(NodeDefinition, channel, { defaults }),
  };
}
