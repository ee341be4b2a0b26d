import { LONGEST_TIMER } from './longest-timer.js';

/** Calls `expired` once at a moment of `performance.now()`, unless `clear` comes first. */
export class DeadlineTimer {
  readonly #at: number;
  readonly #expired: () => void;
  #timer: NodeJS.Timeout;

  constructor(at: number, expired: () => void) {
    this.#at = at;
    this.#expired = expired;
    this.#timer = this.#arm();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  #arm(): NodeJS.Timeout {
    const left = Math.ceil(this.#at - performance.now());
    return left > LONGEST_TIMER ? this.#armAgainLater() : setTimeout(this.#expired, Math.max(left, 0));
  }

  #armAgainLater(): NodeJS.Timeout {
    return setTimeout(() => (this.#timer = this.#arm()), LONGEST_TIMER);
  }
}
