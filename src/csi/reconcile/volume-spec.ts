/** Bytes: a number, or a text such as `64Mi`, `1Gi` or `1500M`. */
export type Size = bigint | number | string;

/** How a volume may be used, by the names that CSI has for it, without the unknown one. */
export type AccessModeName =
  | 'SINGLE_NODE_WRITER'
  | 'SINGLE_NODE_READER_ONLY'
  | 'MULTI_NODE_READER_ONLY'
  | 'MULTI_NODE_SINGLE_WRITER'
  | 'MULTI_NODE_MULTI_WRITER'
  | 'SINGLE_NODE_SINGLE_WRITER'
  | 'SINGLE_NODE_MULTI_WRITER';

/** Where a volume is to be used. */
export interface PublicationSpec {
  /** Id of the node. Default: the node of the plugin that the controller talks to. */
  readonly node?: string;
  /**
   * An absolute path at which the volume is shown; the folders above it are made. Only on the plugin's own node. Without it
   * the volume is attached to the node and nothing more.
   */
  readonly target?: string;
  /** Default false. */
  readonly readonly?: boolean;
}

/** A volume as it should be. The fields that say so are fixed when it is made: to change them, delete it and set it anew. */
export interface VolumeSpec {
  /** At least. It may grow later, and never shrinks. Default: the plugin's choice. */
  readonly size?: Size;
  /** At most. Default: no limit. */
  readonly limit?: Size;
  /** A file system or a block device. Fixed. Default `mount`. */
  readonly access?: 'mount' | 'block';
  /** Fixed. Default: the plugin's choice. */
  readonly fsType?: string;
  /** Fixed. Default: none. */
  readonly mountFlags?: readonly string[];
  /** Fixed. Default `SINGLE_NODE_WRITER`. */
  readonly accessMode?: AccessModeName;
  /** What the plugin wants to know of a new volume. Fixed. Default: none. */
  readonly parameters?: { readonly [key: string]: string };
  /** What can be changed later. A key that is taken out keeps its value: CSI cannot take it back. Default: none. */
  readonly mutableParameters?: { readonly [key: string]: string };
  /** Name of a snapshot or a volume of this controller, whose content the volume begins with. Fixed. */
  readonly from?: { readonly snapshot: string } | { readonly volume: string };
  /** Places of which one must reach the volume, as `{ 'example.com/zone': 'z1' }`. Fixed. Default: anywhere. */
  readonly topology?: readonly { readonly [key: string]: string }[];
  /** Where it is used. Default: nowhere. */
  readonly publish?: readonly PublicationSpec[];
}

/** A snapshot as it should be. All of it is fixed. */
export interface SnapshotSpec {
  /** Name of a volume of this controller. */
  readonly of: string;
  /** What the plugin wants to know. Default: none. */
  readonly parameters?: { readonly [key: string]: string };
}
