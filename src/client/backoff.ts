import { checkOptionNames, type OptionNames } from '../options/check-option-names.js';

/** How long to wait between attempts to connect. */
export interface BackoffOptions {
  /** Milliseconds before the second attempt, 1 to a day. Default 10. */
  readonly firstMs?: number;
  /** By how much each wait is longer than the one before, 1 to 100. Default 1.6. */
  readonly multiplier?: number;
  /** Share by which a wait is made longer or shorter at random, 0 to 1. Default 0.2. */
  readonly jitter?: number;
  /** Milliseconds of the longest wait, 1 to a day. Default 1,000. */
  readonly longestMs?: number;
}

const DAY = 24 * 60 * 60 * 1_000;

export const backoffOptionNames: OptionNames<BackoffOptions> = {
  firstMs: true,
  multiplier: true,
  jitter: true,
  longestMs: true,
};

const ranges: { readonly [Name in keyof Required<BackoffOptions>]: readonly [number, number] } = {
  firstMs: [1, DAY],
  multiplier: [1, 100],
  jitter: [0, 1],
  longestMs: [1, DAY],
};

/** Waits that grow, so that a server that is down is not hammered and one that comes back is found soon. */
export class Backoff {
  readonly #options: Required<BackoffOptions>;
  #wait: number;

  /** @throws RangeError for an option that is not in its range, TypeError for one that there is not. */
  constructor(options: BackoffOptions = {}) {
    checkOptionNames('backoff', options, backoffOptionNames);
    const { firstMs = 10, multiplier = 1.6, jitter = 0.2, longestMs = 1_000 } = options;
    this.#options = { firstMs, multiplier, jitter, longestMs };
    for (const [name, [least, most]] of Object.entries(ranges)) {
      const value = this.#options[name as keyof BackoffOptions];
      if (typeof value === 'number' && value >= least && value <= most) continue;
      throw new RangeError(`backoff.${name} is ${value}; it must be a number from ${least} to ${most}`);
    }
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
