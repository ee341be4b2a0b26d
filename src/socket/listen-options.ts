import type { OptionNames } from '../options/check-option-names.js';
import type { PeerPolicy } from './peer-policy.js';
import type { SocketError } from './socket-error.js';

export interface ListenOptions {
  /** Permissions of a socket file, whatever the umask; connecting needs write permission. Default 0o600. */
  readonly mode?: number;
  /** Numeric owner of the socket file. Default: the effective user. */
  readonly owner?: number;
  /** Numeric group of the socket file. Default: as for any new file. */
  readonly group?: number;
  /** Make missing parent folders (mode 0755). Default false. */
  readonly createParent?: boolean;
  /** Connections that may wait to be accepted; the kernel cuts it to net.core.somaxconn. Default 4096. */
  readonly backlog?: number;
  /** Open connections at a time. Default 4096. */
  readonly maxConnections?: number;
  /** Open connections of one uid at a time. Default: half of `maxConnections`. */
  readonly maxConnectionsPerUser?: number;
  /**
   * Who may connect. Default on a path: `anyone()`, the mode of the file decides. Default on an abstract name:
   * `sameUser()`, and none for root, which must say it. An inherited socket has the default of the address it has.
   */
  readonly allowPeer?: PeerPolicy;
  /**
   * Listen again at the same path, by the same rules, when its socket file was removed or replaced, as kubelet does to
   * its plugins. A path that another server listens on by then is left to it. Until it succeeds, for example
   * because the folder is gone too, it is tried with growing pauses of at most 1 s. Connections that are open go on.
   * Default false. An abstract name cannot be lost; an inherited socket is its owner's to keep.
   */
  readonly relisten?: boolean;
  /**
   * Called once, when the path no longer leads to this listener, and `relisten` is off or has found another server
   * there (the error's `cause`). The code is `ERR_PODWIRE_LOST`. Connections that are open go on; close the listener
   * when nobody shall wait for it. Default: a process warning.
   */
  readonly onLost?: (error: SocketError) => void;
  /** Called each time that `relisten` has got the path back: the place to register with a kubelet again. */
  readonly onRelisten?: () => void;
}

export const listenOptionNames: OptionNames<ListenOptions> = {
  mode: true,
  owner: true,
  group: true,
  createParent: true,
  backlog: true,
  maxConnections: true,
  maxConnectionsPerUser: true,
  allowPeer: true,
  relisten: true,
  onLost: true,
  onRelisten: true,
};
