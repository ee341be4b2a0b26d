/** Turns the first of some signals into an orderly shutdown, and leaves the second to the system. */
export class ShutdownSignals {
  readonly #names: readonly NodeJS.Signals[];
  readonly #onSignal: () => void;

  constructor(names: readonly NodeJS.Signals[], shutdown: () => Promise<void>) {
    this.#names = names;
    this.#onSignal = () => {
      this.release();
      void shutdown();
    };
    for (const name of names) process.on(name, this.#onSignal);
  }

  release(): void {
    for (const name of this.#names) process.off(name, this.#onSignal);
  }
}
