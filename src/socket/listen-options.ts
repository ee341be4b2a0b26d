import type { PeerPolicy } from './peer-policy.js';

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
}
