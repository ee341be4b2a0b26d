import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { PeerProgram } from './build-peers.js';

/** One line of what it prints. */
export type JsonLine = Readonly<Record<string, unknown>>;

/** A program that says in lines of JSON what it has done, as a process of its own. */
export class JsonLineProcess implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #reader: Interface;
  readonly #ended: Promise<number | string>;
  /** All that was printed so far. */
  readonly lines: JsonLine[] = [];
  /** Its standard error. */
  log = '';

  /** Runs it to its end. */
  static async run(
    program: PeerProgram,
    args: readonly string[],
  ): Promise<{ end: number | string; lines: JsonLine[] }> {
    await using started = new JsonLineProcess(program, args);
    return { end: await started.ended(), lines: started.lines };
  }

  constructor(program: PeerProgram, args: readonly string[]) {
    this.#child = spawn(program.command, [...program.args, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#reader = createInterface({ input: this.#child.stdout });
    this.#reader.on('line', (line) => this.lines.push(JSON.parse(line)));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
    this.#ended = once(this.#child, 'close').then(([code, signal]) => code ?? signal);
  }

  /** Waits for a line that has this, among those after the first `after`. Rejects when the process ends before. */
  async line(wanted: JsonLine, after = 0): Promise<JsonLine> {
    const ended = this.#ended.then((end) => Promise.reject(new Error(`it ended with ${end}:\n${this.log}`)));
    ended.catch(() => {});
    const has = (line: JsonLine) => Object.entries(wanted).every(([name, value]) => line[name] === value);
    for (;;) {
      const found = this.lines.slice(after).find(has);
      if (found !== undefined) return found;
      await Promise.race([once(this.#reader, 'line'), ended]);
    }
  }

  /** The exit code, or the signal's name. */
  ended(): Promise<number | string> {
    return this.#ended;
  }

  /** Sends SIGTERM. */
  stop(): Promise<number | string> {
    this.#child.kill('SIGTERM');
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
