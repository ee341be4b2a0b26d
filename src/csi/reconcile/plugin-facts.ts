import type {
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  NodeServiceCapability_RPC_Type as NodeRpc,
} from '../../../gen/csi/v1/csi.js';

/** What of a plugin counts for decisions. */
export interface PluginFacts {
  readonly name: string;
  readonly controller: readonly ControllerRpc[];
  readonly node: readonly NodeRpc[];
  readonly volumeExpansion: 'online' | 'offline' | undefined;
  /** Id of the node that it serves; undefined where it serves none. */
  readonly nodeId: string | undefined;
}
