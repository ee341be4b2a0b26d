import type { FaultProcess } from './start-fault-process.js';

/** Processes that are started ahead of their use, so that a fault which kills one does not wait for the next. */
export class ProcessPool implements AsyncDisposable {
  readonly #start: () => Promise<FaultProcess>;
  readonly #ready: Promise<FaultProcess>[] = [];

  constructor(size: number, start: () => Promise<FaultProcess>) {
    this.#start = start;
    while (this.#ready.length < size) this.#ready.push(start());
  }

  /** The oldest; another one is started in its place. */
  take(): Promise<FaultProcess> {
    this.#ready.push(this.#start());
    return this.#ready.shift()!;
  }

  /** Resolves when all have started. */
  async settled(): Promise<void> {
    await Promise.all(this.#ready);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#ready.map(async (started) => (await started).kill()));
  }
}
