import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { CommandMessage, Commands, ReplyMessage } from './fault-process.js';

/** A running fault-process.ts. */
export interface FaultProcess {
  readonly pid: number;
  /** Rejects with what the command throws, `code` and `message` kept, and when the process ends before it answers. */
  request<Name extends keyof Commands>(
    name: Name,
    ...parameters: Parameters<Commands[Name]>
  ): Promise<Awaited<ReturnType<Commands[Name]>>>;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL; resolves when nothing is left of the process. */
  kill(): Promise<void>;
}

export interface FaultProgram extends Disposable {
  /** @param descriptors the limit of its open files. @returns when it has loaded podwire. */
  start(options?: { readonly descriptors?: number }): Promise<FaultProcess>;
}

const source = fileURLToPath(new URL('./fault-process.ts', import.meta.url));

/** Bundles fault-process.ts, which then starts four times as fast, into a file within the project, where its packages are found. */
export async function buildFaultProgram(): Promise<FaultProgram> {
  const fromTsx = createRequire(createRequire(import.meta.url).resolve('tsx'));
  const { build } = fromTsx('esbuild') as { build(options: object): Promise<unknown> };
  const outfile = fileURLToPath(new URL(`../../.cache/test/fault-process-${process.pid}.mjs`, import.meta.url));
  await build({ entryPoints: [source], bundle: true, platform: 'node', format: 'esm', packages: 'external', outfile });
  return {
    start: ({ descriptors } = {}) => start(outfile, descriptors),
    [Symbol.dispose]: () => rmSync(outfile),
  };
}

async function start(script: string, descriptors: number | undefined): Promise<FaultProcess> {
  const prefix = descriptors === undefined ? [] : ['sh', '-c', `ulimit -n ${descriptors} && exec "$0" "$@"`];
  // Its warnings tell of the very faults that are injected.
  const [command, ...args] = [...prefix, process.execPath, '--no-warnings', script];
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const replies = new Map<number, (reply: ReplyMessage) => void>();
  let ended = false;
  const over = Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(() => {
    ended = true;
    const error = { message: `process ${child.pid} has ended` };
    for (const [id, settle] of replies) settle({ id, error });
  });
  child.on('message', (reply: ReplyMessage) => replies.get(reply.id)?.(reply));

  const answerTo = async (id: number): Promise<unknown> => {
    const { result, error } = await new Promise<ReplyMessage>((resolve) => replies.set(id, resolve));
    replies.delete(id);
    if (error !== undefined) throw Object.assign(new Error(error.message), error);
    return result;
  };
  let last = 0;
  await answerTo(last);
  return {
    pid: child.pid as number,
    async request(name, ...parameters) {
      if (ended) throw new Error(`process ${child.pid} has ended`);
      const id = ++last;
      const answer = answerTo(id);
      send(child, { id, name, parameters });
      return (await answer) as never;
    },
    signal: (signal) => void child.kill(signal),
    async kill() {
      child.kill('SIGKILL');
      await over;
    },
  };
}

function send(child: ChildProcess, message: CommandMessage): void {
  // That it cannot be sent shows as the end of the process.
  child.send(message, () => {});
}
