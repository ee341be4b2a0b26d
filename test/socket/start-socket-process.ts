import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { SocketProcessOptions } from './socket-process.js';

/** What socket-process.ts prints: `event` and, by event, the rest. */
export interface SocketProcessEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface SocketProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** The next line of its output. Throws when the process has ended instead. */
  next(): Promise<SocketProcessEvent>;
  /** Ends its input, upon which a listener closes, and waits for its exit. */
  end(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

const program = fileURLToPath(new URL('./socket-process.ts', import.meta.url));
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

export interface StartOptions {
  /** A command to run it under. */
  readonly prefix?: readonly string[];
  /** The Node to run it with. Default: the one that runs the test. */
  readonly node?: string;
  /** Descriptors that it gets as 3, 4 ... */
  readonly inherit?: readonly number[];
  /** Packages that it shall not find; see without-packages.cjs. */
  readonly without?: readonly string[];
}

/** The environment in which no process finds these packages. */
export function withoutPackages(names: readonly string[]): { NODE_OPTIONS: string; PODWIRE_TEST_WITHOUT: string } {
  const hiddenAlready = (process.env.PODWIRE_TEST_WITHOUT ?? '').split(',');
  const hook = fileURLToPath(new URL('./without-packages.cjs', import.meta.url));
  return {
    NODE_OPTIONS: `--require ${JSON.stringify(hook)}`,
    PODWIRE_TEST_WITHOUT: [...names, ...hiddenAlready].join(','),
  };
}

/** Starts socket-process.ts. */
export function startSocketProcess(
  action: 'listen' | 'dial',
  endpoint: string,
  options: SocketProcessOptions = {},
  { prefix = [], node = process.execPath, inherit = [], without }: StartOptions = {},
): SocketProcess {
  const [command = node, ...args] = [...prefix, node, '--import', loader, program, action, endpoint];
  const child = spawn(command, [...args, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', without === undefined ? 'inherit' : 'ignore', ...inherit],
    env: { ...process.env, ...(without !== undefined && withoutPackages(without)) },
  });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const finished = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) await exited;
  };
  const kill = (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    return finished();
  };
  return {
    child,
    async next() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`socket-process ${action} ${endpoint} has ended`);
      return JSON.parse(value) as SocketProcessEvent;
    },
    end() {
      child.stdin!.end();
      return finished();
    },
    kill,
    [Symbol.asyncDispose]: () => kill('SIGKILL'),
  };
}
