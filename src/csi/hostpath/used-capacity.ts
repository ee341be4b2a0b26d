import type { Database, Key } from 'lmdb';

/**
 * Bytes that volumes and snapshots have of each kind of storage: a sum that is kept in the same transactions as they are,
 * so that nobody has to add them up.
 */
export class UsedCapacity {
  readonly #sums: Database<bigint, Key>;

  constructor(sums: Database<bigint, Key>) {
    this.#sums = sums;
  }

  of(storageKind: string): bigint {
    return this.#sums.get(storageKind) ?? 0n;
  }

  /** In a transaction. @param bytes negative for what is given back. */
  add(storageKind: string, bytes: bigint): void {
    this.#sums.put(storageKind, this.of(storageKind) + bytes);
  }
}
