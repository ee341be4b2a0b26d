import type { BackoffOptions } from '../../client/backoff.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import type { ConnectPluginOptions } from '../controller/connect-plugin.js';
import type { SecretsSource } from './secrets-source.js';

export interface ControllerOptions {
  /** Where the plugin is, or will be. Default: the environment variable CSI_ENDPOINT, else `unix:///run/csi/socket`. */
  readonly endpoint?: string | Endpoint;
  /** The controller's own folder: what is desired and known, in `store`. Made when it is missing. One process at a time. */
  readonly stateFolder: string;
  /**
   * A YAML file that says all that is desired. It is read again when it changes; one that has mistakes changes nothing. Default:
   * what is desired is said with `set` and `delete`.
   */
  readonly file?: string;
  /** Where volumes are staged, each in a folder of its own. Default: `staging` in the state folder. */
  readonly stagingFolder?: string;
  /** Calls at a time, at most one for an object. Default 10. */
  readonly workers?: number;
  /** Milliseconds that a call may take. Default 60,000. */
  readonly callTimeoutMs?: number;
  /** How long to wait before what failed is tried again. Default: 1 s, twice as long each time up to 60 s, 20 % by chance. */
  readonly backoff?: BackoffOptions;
  /** Milliseconds between comparisons with what the plugin has; one is made at each connection too. Default 300,000. */
  readonly resyncMs?: number;
  /**
   * Makes anew, empty or from its source, what the plugin does not have any more. Default false: that is said in the status,
   * and left to whoever knows where the data went.
   */
  readonly recreateMissing?: boolean;
  /** Gives secrets to calls. They are not kept. Default: none. */
  readonly secrets?: SecretsSource;
  /** For the connection; its own logger is silent unless one is given here. */
  readonly connect?: Omit<
    ConnectPluginOptions,
    'timeoutMs' | 'signal' | 'callTimeoutMs' | 'onConnectionLost' | 'onFailed'
  >;
}
