import type {
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  GroupControllerServiceCapability_RPC_Type as GroupRpc,
  NodeServiceCapability_RPC_Type as NodeRpc,
  PluginCapability_Service_Type as Service,
} from '../../../gen/csi/v1/csi.js';
import type { Trial } from './trial.js';

/** What a plugin has to advertise, or who runs the checks has to give, before a check can be made. */
export type Need =
  | `service ${keyof typeof Service}`
  | `controller ${keyof typeof ControllerRpc}`
  | `group ${keyof typeof GroupRpc}`
  | `node ${keyof typeof NodeRpc}`
  | 'node'
  | 'online or offline expansion'
  | 'option restart'
  | 'option mutableParameters'
  | 'mount volumes'
  | 'topology';

/** One thing that a plugin has to do right. */
export interface Check {
  /** What is expected, after the part it belongs to: `controller/a-volume-is-deleted-twice`. */
  readonly name: string;
  readonly needs: readonly Need[];
  /** Rejects when the plugin does otherwise: with Unmet, or with the RpcError of a call that should have succeeded. */
  run(trial: Trial): Promise<void>;
}
