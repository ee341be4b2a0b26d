import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { compileTypeScript } from '../../interop/compile-typescript.js';

/** A process that runs, with what it prints line by line. */
export interface RunningProcess {
  readonly child: ChildProcess;
  /** Of lines `+ what` and `- what`: what began and has not ended. */
  readonly open: Map<string, number>;
  readonly lines: string[];
  /** Called for each line as it comes. */
  onLine: (line: string) => void;
  /** Resolves when it is gone and all that it printed was read. */
  readonly ended: Promise<void>;
}

/** Keeps one more process loaded than runs, so that one that was killed has a follower at once. */
export class SpareProcess implements AsyncDisposable {
  readonly #program: string;
  #spare: Promise<RunningProcess>;

  /**
   * Translates the program, since a loader would take longer to start than all else, and starts the first one.
   *
   * @param program beside this file.
   */
  static async of(program: string): Promise<SpareProcess> {
    return new SpareProcess(await compileTypeScript(fileURLToPath(new URL(program, import.meta.url))));
  }

  private constructor(program: string) {
    this.#program = program;
    this.#spare = this.#load();
  }

  /** Resolves when it says that it is ready. */
  async start(options: object): Promise<RunningProcess> {
    const running = await this.#spare;
    this.#spare = this.#load();
    running.child.send(options);
    const [message] = await Promise.race([
      once(running.child, 'message'),
      running.ended.then(() => {
        throw new Error(`${this.#program} ended before it was ready`);
      }),
    ]);
    if (message !== 'ready') throw new Error(`${this.#program} said ${message}`);
    return running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { child, ended } = await this.#spare;
    child.kill('SIGKILL');
    await ended;
  }

  async #load(): Promise<RunningProcess> {
    const child = fork(this.#program, [], {
      execArgv: [],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    const open = new Map<string, number>();
    const lines: string[] = [];
    let rest = '';
    const running: RunningProcess = {
      ...{ child, open, lines, onLine: () => {} },
      ended: Promise.all([once(child, 'exit'), once(child.stdout!, 'close')]).then(() => {}),
    };
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const all = (rest + text).split('\n');
      rest = all.pop()!;
      for (const line of all) {
        lines.push(line);
        const what = line.slice(2);
        if (line.startsWith('+')) open.set(what, (open.get(what) ?? 0) + 1);
        if (line.startsWith('-')) open.set(what, (open.get(what) ?? 0) - 1);
        running.onLine(line);
      }
    });
    await once(child, 'message');
    return running;
  }
}

/** How many of what began have not ended. */
export function openCount({ open }: RunningProcess): number {
  return [...open.values()].reduce((sum, count) => sum + Math.max(0, count), 0);
}
