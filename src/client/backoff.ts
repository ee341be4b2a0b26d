/** How long to wait between attempts to connect, in milliseconds. */
export interface BackoffOptions {
  /** Before the second attempt. Default 10. */
  readonly firstMs?: number;
  /** By how much each wait is longer than the one before. Default 1.6. */
  readonly multiplier?: number;
  /** Share by which a wait is made longer or shorter at random. Default 0.2. */
  readonly jitter?: number;
  /** Longest wait. Default 1,000. */
  readonly longestMs?: number;
}

/** Waits that grow, so that a server that is down is not hammered and one that comes back is found soon. */
export class Backoff {
  readonly #options: Required<BackoffOptions>;
  #wait: number;

  constructor({ firstMs = 10, multiplier = 1.6, jitter = 0.2, longestMs = 1_000 }: BackoffOptions = {}) {
    this.#options = { firstMs, multiplier, jitter, longestMs };
    this.#wait = firstMs;
  }

  /** The next wait, in milliseconds. */
  next(): number {
    const { multiplier, jitter, longestMs } = this.#options;
    const wait = Math.min(this.#wait, longestMs);
    this.#wait = wait * multiplier;
    return wait * (1 + jitter * (2 * Math.random() - 1));
  }

  reset(): void {
    this.#wait = this.#options.firstMs;
  }
}
