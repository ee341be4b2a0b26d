import { Metadata, type MetadataValue } from '../rpc/metadata.js';

/** The shape of nice-grpc's Metadata. */
export interface NiceMetadata {
  set<Key extends string>(key: Key, value: MetadataValue<Key> | MetadataValue<Key>[]): NiceMetadata;
  append<Key extends string>(key: Key, value: MetadataValue<Key>): NiceMetadata;
  delete(key: string): void;
  get<Key extends string>(key: Key): MetadataValue<Key> | undefined;
  getAll<Key extends string>(key: Key): MetadataValue<Key>[];
  has(key: string): boolean;
  [Symbol.iterator](): IterableIterator<[string, MetadataValue[]]>;
}

/**
 * Metadata as nice-grpc's middleware knows it: several texts under one key read as one, joined by commas. What is written
 * goes to the metadata behind it.
 */
export class MetadataView implements NiceMetadata {
  readonly metadata: Metadata;

  constructor(metadata: Metadata) {
    this.metadata = metadata;
  }

  set<Key extends string>(key: Key, value: MetadataValue<Key> | MetadataValue<Key>[]): this {
    this.metadata.set(key, value);
    return this;
  }

  append<Key extends string>(key: Key, value: MetadataValue<Key>): this {
    this.metadata.append(key, value);
    return this;
  }

  delete(key: string): void {
    this.metadata.delete(key);
  }

  get<Key extends string>(key: Key): MetadataValue<Key> | undefined {
    return this.getAll(key)[0];
  }

  getAll<Key extends string>(key: Key): MetadataValue<Key>[] {
    return joined(this.metadata.getAll(key)) as MetadataValue<Key>[];
  }

  has(key: string): boolean {
    return this.metadata.has(key);
  }

  *[Symbol.iterator](): IterableIterator<[string, MetadataValue[]]> {
    for (const [key, values] of this.metadata) yield [key, joined(values)];
  }
}

/** What a middleware hands over: a view of ours, or metadata that it made itself. */
export function fromNiceMetadata(metadata: NiceMetadata): Metadata {
  return metadata instanceof MetadataView ? metadata.metadata : new Metadata(metadata);
}

function joined(values: MetadataValue[]): MetadataValue[] {
  return values.length > 1 && typeof values[0] === 'string' ? [values.join(', ')] : values;
}
