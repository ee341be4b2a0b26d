import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { buildPeer } from './build-peers.js';

/** One line of what it prints: a step and what came of it. */
export type SidecarStep = Readonly<Record<string, unknown>>;

/** `peers/csi-sidecar` as a process of its own. */
export class SidecarProcess implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #lines: Interface;
  readonly #ended: Promise<number | string>;
  /** All that was printed so far. */
  readonly steps: SidecarStep[] = [];
  /** What the library logs. */
  log = '';

  static async start(address: string, ...args: string[]): Promise<SidecarProcess> {
    const { command } = await buildPeer('csi-sidecar');
    return new SidecarProcess(command, ['--csi-address', address, ...args]);
  }

  /** Runs it to its end. */
  static async run(address: string, ...args: string[]): Promise<{ end: number | string; steps: SidecarStep[] }> {
    await using sidecar = await SidecarProcess.start(address, ...args);
    return { end: await sidecar.ended(), steps: sidecar.steps };
  }

  private constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#lines.on('line', (line) => this.steps.push(JSON.parse(line)));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
    this.#ended = once(this.#child, 'close').then(([code, signal]) => code ?? signal);
  }

  /** Waits for a step that says so, among those after the first `after`. Rejects when it ends before. */
  async step(name: string, value: unknown, after = 0): Promise<void> {
    const ended = this.#ended.then((end) => Promise.reject(new Error(`it ended with ${end}:\n${this.log}`)));
    while (!this.steps.slice(after).some((step) => step[name] === value)) {
      await Promise.race([once(this.#lines, 'line'), ended]);
    }
    ended.catch(() => {});
  }

  /** The exit code, or the signal's name. */
  ended(): Promise<number | string> {
    return this.#ended;
  }

  /** Lets it print its metrics and end. */
  stop(): Promise<number | string> {
    this.#child.kill('SIGTERM');
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
