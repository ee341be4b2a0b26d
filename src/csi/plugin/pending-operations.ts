import { aborted } from '../csi-error.js';

/** What an operation is done to; two with the same values exclude each other. */
export interface OperationKey {
  readonly kind: 'volume' | 'snapshot' | 'group snapshot';
  /** The id, or the name where there is none yet. */
  readonly id: string;
  /** Where on the node. */
  readonly path?: string;
}

/**
 * The operations that run now, one at a time for each key. Nobody waits: the second one is refused, as CSI has it, and
 * its caller tries again. A key is free when the operation is over, not when its caller has gone: the work goes on then.
 */
export class PendingOperations {
  readonly #keys = new Set<string>();

  /** How many run now. */
  get size(): number {
    return this.#keys.size;
  }

  /** Rejects with RpcError ABORTED at once when an operation with the same key runs, else with what `operation` does. */
  async run<Result>({ kind, id, path = '' }: OperationKey, operation: () => Promise<Result>): Promise<Result> {
    // A path has no NUL, so no two keys read alike.
    const key = `${kind}\0${path}\0${id}`;
    if (this.#keys.has(key)) throw aborted(kind, id);
    this.#keys.add(key);
    try {
      return await operation();
    } finally {
      this.#keys.delete(key);
    }
  }
}
