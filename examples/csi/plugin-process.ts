import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const KILL_AFTER_MS = 5_000;

/** plugin.ts as a process of its own. */
export class PluginProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #output = '';

  /** @param args What plugin.ts takes. */
  constructor(args: readonly string[]) {
    const program = fileURLToPath(new URL('plugin.ts', import.meta.url));
    // A process group of its own: Ctrl-C in a terminal reaches this process only, which then ends the plugin.
    this.#child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    this.#ended = once(this.#child, 'close').then(() => {});
    this.#ended.catch(() => {}); // a program that cannot be started: `unexpectedEnd` tells
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when the plugin listens, which it prints. */
  async listening(): Promise<void> {
    await Promise.race([once(this.#child.stdout!, 'data'), this.unexpectedEnd()]);
  }

  /** Rejects when the plugin ends, with what it had to say. */
  async unexpectedEnd(): Promise<never> {
    await this.#ended;
    const { exitCode, signalCode } = this.#child;
    throw new Error(
      `the plugin ended with ${signalCode ?? `status ${exitCode}`}: ${this.#output.trim() || 'no output'}`,
    );
  }

  /** SIGKILL: it cannot see it coming. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** SIGTERM, and SIGKILL for a plugin that does not listen. Throws unless it ends in order. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), KILL_AFTER_MS);
    await this.#ended;
    clearTimeout(timer);
    if (this.#child.exitCode !== 0) await this.unexpectedEnd();
  }
}
