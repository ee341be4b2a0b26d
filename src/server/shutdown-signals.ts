import { constants } from 'node:os';

/** Those that no process can handle (signal(7)). */
const unhandled: readonly string[] = ['SIGKILL', 'SIGSTOP'];

/** Turns the first of some signals into an orderly shutdown, and leaves the second to the system. */
export class ShutdownSignals {
  readonly #names: readonly NodeJS.Signals[];
  readonly #onSignal: () => void;

  /** @throws TypeError for what are no signals, or none that can be handled. */
  constructor(names: readonly NodeJS.Signals[], shutdown: () => Promise<void>) {
    checkSignals(names);
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

function checkSignals(names: unknown): void {
  if (!Array.isArray(names)) {
    throw new TypeError(`shutdownOn is true, false or a list such as ['SIGTERM'], not ${JSON.stringify(names)}`);
  }
  const valid = Object.keys(constants.signals).filter((name) => !unhandled.includes(name));
  for (const name of names as unknown[]) {
    if (valid.includes(name as string)) continue;
    const problem = unhandled.includes(name as string) ? 'which no process can handle' : 'which is no signal here';
    throw new TypeError(`shutdownOn has ${JSON.stringify(name)}, ${problem}; there are ${valid.join(', ')}`);
  }
}
