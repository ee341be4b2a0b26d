import { resourceExhausted } from '../csi-error.js';
import type { UsedCapacity } from './used-capacity.js';

/** Gives back what was reserved. Calling it again does nothing. */
export type Release = () => void;

/** How much room there is of each kind of storage, with what is being made and has no record yet. */
export class CapacityLedger {
  readonly #totals: ReadonlyMap<string, bigint>;
  readonly #used: UsedCapacity;
  readonly #reserved = new Map<string, bigint>();

  /** @param totals bytes of each kind, at least one kind; the first one is taken where none is named. */
  constructor(totals: { readonly [storageKind: string]: bigint }, used: UsedCapacity) {
    this.#totals = new Map(Object.entries(totals));
    if (this.#totals.size === 0) throw new TypeError('capacity has no kind of storage: name at least one');
    this.#used = used;
  }

  get defaultKind(): string {
    return this.#totals.keys().next().value!;
  }

  /** Undefined for a kind that there is not. */
  totalOf(storageKind: string): bigint | undefined {
    return this.#totals.get(storageKind);
  }

  /** 0 also for a kind that there is not, and when the total was lowered below what is used. */
  availableOf(storageKind: string): bigint {
    const total = this.#totals.get(storageKind) ?? 0n;
    const left = total - this.#used.of(storageKind) - (this.#reserved.get(storageKind) ?? 0n);
    return left > 0n ? left : 0n;
  }

  /**
   * Takes room for something that is being made, until it has its record or has failed.
   *
   * @throws RpcError RESOURCE_EXHAUSTED
   */
  reserve(storageKind: string, bytes: bigint): Release {
    const available = this.availableOf(storageKind);
    if (bytes > available) {
      const kind = JSON.stringify(storageKind);
      throw resourceExhausted(`${bytes} bytes of storage of the kind ${kind} are needed, ${available} are left`);
    }
    this.#add(storageKind, bytes);
    let held = true;
    return () => {
      if (held) this.#add(storageKind, -bytes);
      held = false;
    };
  }

  #add(storageKind: string, bytes: bigint): void {
    this.#reserved.set(storageKind, (this.#reserved.get(storageKind) ?? 0n) + bytes);
  }
}
