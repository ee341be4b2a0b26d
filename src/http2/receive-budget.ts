/**
 * Counts the received octets that wait in memory, for a connection and, through `parent`, for the process.
 *
 * From half of the limit on a budget is *pressed*: windows stop growing and new streams are refused. At the limit it is
 * *exhausted*: the stream whose data arrives next is failed.
 */
export class ReceiveBudget {
  readonly limit: number;
  readonly parent: ReceiveBudget | undefined;
  #held = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limit: number, parent?: ReceiveBudget) {
    this.limit = limit;
    this.parent = parent;
  }

  /** Octets counted now. */
  get held(): number {
    return this.#held;
  }

  get pressed(): boolean {
    return this.#held * 2 >= this.limit || (this.parent?.pressed ?? false);
  }

  get exhausted(): boolean {
    return this.#held >= this.limit || (this.parent?.exhausted ?? false);
  }

  add(octets: number): void {
    this.#held += octets;
    this.parent?.add(octets);
  }

  remove(octets: number): void {
    const wasPressed = this.#held * 2 >= this.limit;
    this.#held -= octets;
    if (wasPressed && this.#held * 2 < this.limit && this.#waiting.size > 0) {
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const relieved of waiting) relieved();
    }
    this.parent?.remove(octets);
  }

  /** Calls `relieved` once when this budget, or its parent, is no longer pressed; it may be pressed again by then. */
  whenRelieved(relieved: () => void): void {
    this.#waiting.add(relieved);
    this.parent?.whenRelieved(relieved);
  }

  /** Takes back a `whenRelieved`, so that a closed connection is not kept by the process's budget. */
  forget(relieved: () => void): void {
    this.#waiting.delete(relieved);
    this.parent?.forget(relieved);
  }
}
