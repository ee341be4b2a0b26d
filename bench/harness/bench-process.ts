import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Linux tells programs of clock ticks of 10 ms, whatever the kernel's own are (time(7), USER_HZ). */
const microsecondsPerTick = 10_000;
const env = { ...process.env, NODE_ENV: 'production' };
/** How much of what a program says on standard error an error quotes. */
const QUOTED = 1_200;

/** Those that run: they do not outlive this process. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** One program of a run: pinned, read line by line, measured from outside, and ended. */
export class BenchProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #name: string;
  readonly #exited: Promise<unknown>;
  #said = '';

  /** @param cores as taskset takes them (`0`, `1-3`); undefined lets the system choose. */
  constructor(name: string, command: readonly string[], cores: string | undefined) {
    const [program, ...args] = cores === undefined ? command : ['taskset', '-c', cores, ...command];
    this.#name = name;
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    this.pid = this.#child.pid ?? 0;
    running.add(this.#child);
    this.#child.once('exit', () => running.delete(this.#child));
    this.#exited = new Promise((resolve) => {
      this.#child.once('close', resolve);
      this.#child.once('error', (error) => {
        this.#said += error.message;
        resolve(undefined);
      });
    });
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    this.#child.stderr?.on('data', (chunk) => {
      this.#said = (this.#said + chunk).slice(0, QUOTED);
    });
  }

  /** The next line that it prints. Rejects if there is none within `seconds`, with what it said on standard error. */
  async line(seconds: number): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${this.#name} said nothing for ${seconds} s. ${this.#said}`)),
        seconds * 1_000,
      );
    });
    try {
      const { value, done } = await Promise.race([this.#lines.next(), tooLate]);
      if (!done) return value;
      await this.#exited;
      throw new Error(`${this.#name} ended early. ${this.#said}`.trim());
    } finally {
      clearTimeout(timer);
    }
  }

  /** The same; rejects if it is another one than `expected`. */
  async expect(expected: string, seconds: number): Promise<void> {
    const line = await this.line(seconds);
    if (line !== expected) throw new Error(`${this.#name} said ${JSON.stringify(line)} instead of ${expected}`);
  }

  /** User and system time so far, its child processes included, in microseconds (proc(5): fields 14 and 15 of stat). */
  cpuMicros(): number {
    let ticks = 0;
    for (const pid of family(this.pid)) {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      ticks += Number(fields[11]) + Number(fields[12]);
    }
    return ticks * microsecondsPerTick;
  }

  /** The most memory that was resident so far, or what is now, in octets; child processes included. */
  memoryBytes(which: 'peak' | 'now'): number {
    const field = which === 'peak' ? /^VmHWM:\s+(\d+) kB$/m : /^VmRSS:\s+(\d+) kB$/m;
    let kibibytes = 0;
    for (const pid of family(this.pid)) {
      kibibytes += Number(field.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    }
    return kibibytes * 1_024;
  }

  /** What it prints for SIGUSR2 when it has collected its garbage. */
  async heapBytes(): Promise<number> {
    process.kill(this.pid, 'SIGUSR2');
    return (JSON.parse(await this.line(30)) as { heapBytes: number }).heapBytes;
  }

  /** Ends it, by force if it does not go within two seconds. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 2_000);
    await this.#exited;
    clearTimeout(timer);
  }

  /** Waits until it has ended by itself. */
  async ended(): Promise<void> {
    await this.#exited;
  }
}

/** Threads come and go while they are counted. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** A process and its descendants. */
function family(pid: number): number[] {
  const all = [pid];
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const children = readIfThere(`/proc/${pid}/task/${thread}/children`);
    for (const child of children.split(' ').filter(Boolean)) all.push(...family(Number(child)));
  }
  return all;
}
