import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../fuzz/random.js';
import { openCount, type RunningProcess, type SpareProcess } from './spare-process.js';

/** A process that is killed at random points of its work, and started again. */
export class KilledProcess implements AsyncDisposable {
  readonly #spare: SpareProcess;
  readonly #options: object;
  readonly #random: Random;
  /** Told of each process that runs. */
  readonly #onStart: (running: RunningProcess) => void;
  #running: RunningProcess | undefined;
  #countdown = 0;
  #killing = false;
  /** Operations that succeeded, over all processes. */
  succeeded = 0;
  kills = 0;
  killsInTheMiddle = 0;
  /** How many operations at least pass between two kills, and how many at most; undefined: no more kills. */
  span: readonly [number, number] | undefined;

  constructor(spare: SpareProcess, options: object, random: Random, onStart: (running: RunningProcess) => void) {
    this.#spare = spare;
    this.#options = options;
    this.#random = random;
    this.#onStart = onStart;
  }

  get running(): RunningProcess | undefined {
    return this.#running;
  }

  async start(): Promise<void> {
    const running = await this.#spare.start(this.#options);
    this.#running = running;
    this.#wind();
    running.onLine = (line) => this.#hear(running, line);
    this.#onStart(running);
  }

  /** SIGKILL and the end of the process. */
  async end(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    running.child.kill('SIGKILL');
    await running.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  #wind(): void {
    if (this.span !== undefined) this.#countdown = this.#random.between(...this.span);
  }

  #hear(running: RunningProcess, line: string): void {
    if (line.startsWith('!')) console.error(line);
    if (line.startsWith('-')) this.succeeded++;
    if (!line.startsWith('+') || this.span === undefined || this.#killing || running !== this.#running) return;
    if (--this.#countdown > 0) return;
    this.#killing = true;
    void this.#kill(running);
  }

  async #kill(running: RunningProcess): Promise<void> {
    // From before the first write of the operation to after its last one.
    const delay = this.#random.between(0, 12);
    if (delay > 0) await sleep(delay);
    if (running === this.#running) {
      await this.end();
      this.kills++;
      // All that it printed was read: what is open now was open then.
      if (openCount(running) > 0) this.killsInTheMiddle++;
      await this.start();
    }
    this.#killing = false;
  }
}
