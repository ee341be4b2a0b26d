import { aborted, notFound } from '../csi-error.js';
import type { RecordStore } from './record-store.js';

/** Volumes and snapshots that are being copied. They can be used meanwhile, by any number of copies, and not deleted. */
export class SourceUses {
  readonly #counts = new Map<string, number>();

  readonly #store: Pick<RecordStore, 'volumes' | 'snapshots' | 'transaction'>;

  constructor(store: Pick<RecordStore, 'volumes' | 'snapshots' | 'transaction'>) {
    this.#store = store;
  }

  /** Runs `action` with the source kept. Rejects with RpcError NOT_FOUND when it has gone. */
  async during<Result>(kind: 'volume' | 'snapshot', id: string, action: () => Promise<Result>): Promise<Result> {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    try {
      // A deletion that has looked at the counts already may not be committed yet: what is read outside of a transaction
      // is still there, and about to go. Deletions after this one see the count.
      await this.#store.transaction(() => {
        const table = kind === 'volume' ? this.#store.volumes : this.#store.snapshots;
        if (table.get(id) === undefined) throw notFound(kind, id);
      });
      return await action();
    } finally {
      const left = this.#counts.get(id)! - 1;
      if (left === 0) this.#counts.delete(id);
      else this.#counts.set(id, left);
    }
  }

  /** @throws RpcError ABORTED while a copy of it is being made. */
  refuseDeletion(kind: 'volume' | 'snapshot', id: string): void {
    if (this.#counts.has(id)) throw aborted(kind, id);
  }
}
