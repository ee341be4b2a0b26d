/** Pauses before each try, in milliseconds; the kubelet itself tries again after half a second and more. */
const BACKOFF = { first: 1_000, factor: 2, longest: 30_000 };

/** Something to be done again after growing pauses, at most one of them at a time. */
export class Reannouncement {
  readonly #announce: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #pause = BACKOFF.first;

  constructor(announce: () => Promise<void>) {
    this.#announce = announce;
  }

  /** Does it after a pause, unless that is about to happen. */
  schedule(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#announce();
    }, this.#pause);
    this.#pause = Math.min(this.#pause * BACKOFF.factor, BACKOFF.longest);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** It is not needed any more; the next time begins with the shortest pause. */
  reset(): void {
    this.cancel();
    this.#pause = BACKOFF.first;
  }
}
