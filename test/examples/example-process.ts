import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface ExampleOptions {
  /** Added to the environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Who it runs as; needs root. */
  readonly uid?: number;
}

/** A program of examples/ as its reader starts it: the TypeScript source, through tsx. */
export class ExampleProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  /** What it printed so far, one line each. */
  readonly output: string[] = [];
  readonly errors: string[] = [];
  readonly #ended: Promise<unknown>;
  #onLine: (() => void) | undefined;
  #isOver = false;

  /** @param program Below examples/: `podinfo/server.ts`. */
  constructor(program: string, args: readonly string[] = [], { env = {}, uid }: ExampleOptions = {}) {
    const path = fileURLToPath(new URL(`../../examples/${program}`, import.meta.url));
    this.child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), path, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      ...(uid !== undefined && { uid, gid: uid }),
    });
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      this.output.push(line);
      this.#onLine?.();
    });
    createInterface({ input: this.child.stderr! }).on('line', (line) => this.errors.push(line));
    this.#ended = once(this.child, 'close').then(() => {
      this.#isOver = true;
      this.#onLine?.();
    });
  }

  /** Waits until it prints a line with this text. Throws when it ends without. */
  async printed(text: string): Promise<string> {
    for (;;) {
      const line = this.output.find((candidate) => candidate.includes(text));
      if (line !== undefined) return line;
      if (this.#isOver) throw new Error(`it ended without "${text}":\n${[...this.output, ...this.errors].join('\n')}`);
      await new Promise<void>((resolve) => {
        this.#onLine = resolve;
      });
    }
  }

  /** Waits for its end, and gives its exit status or the signal that ended it. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    await this.#ended;
    return this.child.exitCode ?? this.child.signalCode;
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    this.child.kill(signal);
    return this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) await this.stop('SIGKILL');
  }
}
