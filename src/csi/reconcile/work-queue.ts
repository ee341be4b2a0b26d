/** Does one thing at a time for each key, and a limited number in all. */
export class WorkQueue {
  readonly #workers: number;
  readonly #work: (key: string) => Promise<void>;
  readonly #waiting = new Set<string>();
  readonly #running = new Set<string>();
  readonly #timers = new Map<string, { readonly timer: NodeJS.Timeout; readonly at: number }>();
  readonly #idle = new Set<() => void>();
  #closed = false;

  /** @param work must not reject. */
  constructor(workers: number, work: (key: string) => Promise<void>) {
    this.#workers = workers;
    this.#work = work;
  }

  /** Has the key worked on: soon, and after what runs for it now, so that nothing that has happened before is missed. */
  add(key: string): void {
    if (this.#closed) return;
    this.#cancel(key);
    this.#waiting.add(key);
    this.#start();
  }

  /** Likewise, but not before so many milliseconds. An earlier time that was asked for stays. */
  addLater(key: string, delayMs: number): void {
    if (this.#closed || this.#waiting.has(key)) return;
    const at = performance.now() + delayMs;
    if ((this.#timers.get(key)?.at ?? Number.POSITIVE_INFINITY) <= at) return;
    this.#cancel(key);
    // Node's timers go no further.
    const timer = setTimeout(() => this.add(key), Math.min(delayMs, 2 ** 31 - 1));
    this.#timers.set(key, { timer, at });
  }

  isRunning(key: string): boolean {
    return this.#running.has(key);
  }

  /** Begins nothing any more, and resolves when nothing runs. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.clear();
    for (const key of [...this.#timers.keys()]) this.#cancel(key);
    if (this.#running.size > 0) await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  #cancel(key: string): void {
    clearTimeout(this.#timers.get(key)?.timer);
    this.#timers.delete(key);
  }

  #start(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#workers) return;
      if (this.#running.has(key)) continue;
      this.#waiting.delete(key);
      this.#running.add(key);
      void this.#work(key).finally(() => this.#done(key));
    }
  }

  #done(key: string): void {
    this.#running.delete(key);
    if (!this.#closed) return this.#start();
    if (this.#running.size > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }
}
