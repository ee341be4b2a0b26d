import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { PeerProgram } from './build-peers.js';

/** One line of a client's output. */
export interface CaseResult {
  case: string;
  ok: boolean;
  ms: number;
  error?: string;
  facts?: { gzipResponse?: boolean };
}

const startLimitMs = 30_000;
const stopLimitMs = 10_000;
type Child = ChildProcessByStdio<null, Readable, Readable>;

const running = new Set<Child>();
process.once('exit', () => {
  for (const child of running) {
    child.kill('SIGKILL');
  }
});

/** A peer as a process of its own; none outlives this one. */
export class PeerProcess {
  readonly #child: Child;
  readonly #ended: Promise<number | string>;
  readonly #name: string;
  #text = '';
  #errors = '';

  private constructor(program: PeerProgram, args: readonly string[]) {
    this.#name = `${program.command} ${[...program.args, ...args].join(' ')}`;
    this.#child = spawn(program.command, [...program.args, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const child = this.#child;
    running.add(child);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4_000);
    });
    this.#ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
    void this.#ended.finally(() => running.delete(child)).catch(() => {});
  }

  /** Resolves when the server says that it listens. */
  static async server(program: PeerProgram, args: readonly string[]): Promise<PeerProcess> {
    const peer = new PeerProcess(program, args);
    const [line] = await peer.#within(
      startLimitMs,
      Promise.race([peer.#firstLine(), peer.#ended.then((end) => [end])]),
    );
    if (!`${line}`.startsWith('listening')) {
      peer.#child.kill('SIGKILL');
      throw new Error(`${peer.#name} does not listen: ${line}\n${peer.#errors}`);
    }
    return peer;
  }

  /** Runs cases and gives what the client printed about each; a case that it did not come to is missing. */
  static async client(program: PeerProgram, endpoint: string, cases: readonly string[]): Promise<CaseResult[]> {
    const text = await PeerProcess.output(
      program,
      ['client', '--endpoint', endpoint, '--case', cases.join(',')],
      [0, 1],
    );
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as CaseResult);
  }

  /** Runs a command to its end and gives what it printed. */
  static async output(
    program: PeerProgram,
    args: readonly string[],
    accepted = [0],
    limitMs = 180_000,
  ): Promise<string> {
    return new PeerProcess(program, args).finish(accepted, limitMs);
  }

  /** Waits for the end, which nobody asked for, and gives what was printed. */
  async finish(accepted = [0], limitMs = stopLimitMs): Promise<string> {
    const end = await this.#within(limitMs, this.#ended);
    if (!accepted.includes(end as number)) {
      throw new Error(`${this.#name} ended with ${end}\n${this.#errors}`);
    }
    return this.#text;
  }

  /** Sends SIGTERM; resolves to the exit code, or to the signal's name. */
  async stop(): Promise<number | string> {
    this.#child.kill('SIGTERM');
    return await this.#within(stopLimitMs, this.#ended);
  }

  async #firstLine(): Promise<string[]> {
    const lines = createInterface({ input: this.#child.stdout });
    return (await once(lines, 'line')) as string[];
  }

  async #within<T>(ms: number, event: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#child.kill('SIGKILL');
        reject(new Error(`${this.#name}: nothing within ${ms} ms\n${this.#errors}`));
      }, ms);
    });
    try {
      return await Promise.race([event, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
