import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { PodInfoProcessOptions } from './podinfo-process.js';

export interface PodInfoProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** The next line of its output; undefined when it has ended. */
  next(): Promise<{ readonly event: string; readonly [field: string]: unknown } | undefined>;
  /** Resolves with exit code and signal. */
  readonly exited: Promise<[number | null, NodeJS.Signals | null]>;
}

const program = fileURLToPath(new URL('./podinfo-process.ts', import.meta.url));
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** Starts podinfo-process.ts. */
export function startPodInfoProcess(
  action: 'serve' | 'call' | 'watch' | 'serve-and-call',
  endpoint: string,
  options: PodInfoProcessOptions = {},
): PodInfoProcess {
  const args = ['--expose-gc', '--import', loader, program, action, endpoint, JSON.stringify(options)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit') as PodInfoProcess['exited'];
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return {
    child,
    exited,
    async next() {
      const { value, done } = await lines.next();
      return done ? undefined : JSON.parse(value);
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
}
