import { aborted } from '../csi-error.js';

/** Volumes and snapshots that are being copied. They can be used meanwhile, by any number of copies, and not deleted. */
export class SourceUses {
  readonly #counts = new Map<string, number>();

  /** Runs `action` with the source kept. */
  async during<Result>(id: string, action: () => Promise<Result>): Promise<Result> {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    try {
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
