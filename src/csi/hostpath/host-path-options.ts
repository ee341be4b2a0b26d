/** A logger such as pino's. */
export interface HostPathLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface HostPathOptions {
  /**
   * The plugin's own folder: records in `store`, contents in `volumes` and `snapshots`. Made when it is missing. One process
   * at a time.
   */
  readonly stateFolder: string;
  /** Of the only node that reaches the volumes, at most 192 bytes. */
  readonly nodeId: string;
  /**
   * Bytes that may be handed out, for each kind of storage; volumes name theirs with the parameter `kind`, and get the first
   * one without. It is bookkeeping: nothing stops a folder from growing. Default: one kind, `standard`, as large as the
   * file system.
   */
  readonly capacity?: { readonly [storageKind: string]: bigint };
  /** Where the node is, as `{ 'example.com/zone': 'z1' }`. Default: topology plays no part. */
  readonly topology?: { readonly [key: string]: string };
  /** Volumes that may be attached to a node at a time. Default: no limit. */
  readonly maxVolumesPerNode?: number;
  /** Keys of the mutable parameters that volumes take; values are kept and not looked at. Default: none. */
  readonly mutableParameters?: readonly string[];
  /**
   * How volumes are shown on the node: by bind mounts and loop devices, or by symlinks, which need no privilege. Default:
   * mounts where this process may make them.
   */
  readonly mounts?: 'bind' | 'links';
  /** Default: silence. */
  readonly logger?: HostPathLogger;
}
