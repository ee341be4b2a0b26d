/** How a volume is used: as a file system, or as a block device. */
export type AccessType = 'mount' | 'block';

/** Where the content of a volume came from. */
export interface ContentSource {
  readonly kind: 'snapshot' | 'volume';
  readonly id: string;
}

/** What is known of a volume. Its content is a folder or a file of the same name as its id. */
export interface VolumeRecord {
  readonly id: string;
  /** The name that the CO chose; no two volumes have the same. */
  readonly name: string;
  readonly accessType: AccessType;
  readonly capacityBytes: bigint;
  /** Of what kind of storage it takes its capacity. */
  readonly storageKind: string;
  readonly source?: ContentSource;
  readonly mutableParameters: { readonly [key: string]: string };
  readonly createdAtMs: number;
}
