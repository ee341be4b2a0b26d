import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { ReplyMessage, RequestMessage } from './answer-requests.js';

type Commands = { readonly [name: string]: (...parameters: never[]) => unknown };

export interface Program<Own extends Commands> {
  readonly pid: number;
  /** Rejects with what the command throws, and when the process ends before it answers. */
  request<Name extends keyof Own & string>(
    name: Name,
    ...parameters: Parameters<Own[Name]>
  ): Promise<Awaited<ReturnType<Own[Name]>>>;
  /** SIGKILL; resolves when nothing is left of the process. */
  kill(): Promise<void>;
}

export interface Programs extends Disposable {
  /** `name` is that of a module of this folder which calls `answerRequests`. */
  start<Own extends Commands>(name: string): Promise<Program<Own>>;
}

/** Bundles programs of this folder, which then start faster, into files within the project, where their packages are found. */
export async function buildPrograms(...names: string[]): Promise<Programs> {
  const fromTsx = createRequire(createRequire(import.meta.url).resolve('tsx'));
  const { build } = fromTsx('esbuild') as { build(options: object): Promise<unknown> };
  const outfile = (name: string): string =>
    fileURLToPath(new URL(`../../../.cache/test/${name}-${process.pid}.mjs`, import.meta.url));
  for (const name of names) {
    const entryPoints = [fileURLToPath(new URL(`./${name}.ts`, import.meta.url))];
    const common = { bundle: true, platform: 'node', format: 'esm', packages: 'external' };
    await build({ ...common, entryPoints, outfile: outfile(name) });
  }
  return {
    start: (name) => start(outfile(name)),
    [Symbol.dispose]: () => {
      for (const name of names) rmSync(outfile(name));
    },
  };
}

async function start<Own extends Commands>(script: string): Promise<Program<Own>> {
  const child = spawn(process.execPath, ['--expose-gc', script], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const replies = new Map<number, (reply: ReplyMessage) => void>();
  let ended = false;
  const over = Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(() => {
    ended = true;
    for (const [id, settle] of replies) settle({ id, error: `process ${child.pid} has ended` });
  });
  child.on('message', (reply: ReplyMessage) => replies.get(reply.id)?.(reply));
  const answerTo = async (id: number): Promise<unknown> => {
    const { result, error } = await new Promise<ReplyMessage>((resolve) => replies.set(id, resolve));
    replies.delete(id);
    if (error !== undefined) throw new Error(error);
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
      ask(child, { id, name, parameters });
      return (await answer) as never;
    },
    async kill() {
      child.kill('SIGKILL');
      await over;
    },
  };
}

function ask(child: ChildProcess, message: RequestMessage): void {
  // That it cannot be sent shows as the end of the process.
  child.send(message, () => {});
}
