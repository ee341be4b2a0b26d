/**
 * PodInfo, or a client of it, as a process of its own, for tests that need another user, a kill or an exit:
 *
 *     node --import tsx test/server/podinfo-process.ts serve unix-abstract:x '{"shutdownOn":true}'
 *     node --import tsx test/server/podinfo-process.ts call unix-abstract:x '{"uid":1000}'
 *
 * Prints one JSON object per line.
 */
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { createChannel } from '../../src/client/channel.js';
import { createClient } from '../../src/client/client.js';
import { RpcError } from '../../src/rpc/rpc-error.js';
import { createServer, type Server } from '../../src/server/server.js';
import { anyone } from '../../src/socket/peer-policy.js';
import { allowOwn, plainPodInfo } from './serve-podinfo.js';

export interface PodInfoProcessOptions {
  /** Who to become before anything else; needs root. */
  readonly uid?: number;
  readonly shutdownOn?: boolean;
  /** Calls of `call`. Default 1. */
  readonly count?: number;
  /** Of each call. Default: none, so that no timer keeps the process alive. */
  readonly timeoutMs?: number;
}

function say(event: object): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

async function serve(endpoint: string, { shutdownOn = false }: PodInfoProcessOptions): Promise<Server> {
  const server = createServer({ shutdownOn });
  server.add(PodInfoDefinition, {
    ...plainPodInfo,
    async describe({ text }, { signal }) {
      if (text !== 'hang') return { reply: `${text} ${process.pid}` };
      say({ event: 'hanging' });
      signal.addEventListener('abort', () => say({ event: 'aborted' }));
      return new Promise(() => {});
    },
    async *watch(_, { signal }) {
      const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      try {
        yield {};
        await stopped;
      } finally {
        say({ event: 'cleaned' });
      }
    },
  });
  await server.listen(endpoint, allowOwn(endpoint));
  say({ event: 'listening', pid: process.pid });
  server.stopping.addEventListener('abort', () => say({ event: 'stopping' }));
  return server;
}

/** Leaves the channel open: the process ends all the same. */
async function call(endpoint: string, { count = 1, timeoutMs }: PodInfoProcessOptions): Promise<void> {
  const podinfo = createClient(
    PodInfoDefinition,
    createChannel(endpoint, { allowServer: anyone(), limits: { handshakeTimeoutMs: 600_000 } }),
  );
  const heap = (): number => {
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  };
  const make = async (calls: number): Promise<void> => {
    let left = calls;
    const loop = async (): Promise<void> => {
      while (left-- > 0) await podinfo.describe({ text: 'x' }, { timeoutMs });
    };
    await Promise.all(Array.from({ length: 20 }, loop));
  };
  await make(Math.ceil(count / 10));
  const before = heap();
  await make(count - Math.ceil(count / 10));
  say({ event: 'called', grown: heap() - before });
}

/** A call whose client is killed while it waits. */
async function watch(endpoint: string): Promise<void> {
  const podinfo = createClient(PodInfoDefinition, createChannel(endpoint));
  for await (const _ of podinfo.watch({})) say({ event: 'watching' });
}

/** Both sides in one process, so that its memory is that of both. */
async function serveAndCall(endpoint: string, options: PodInfoProcessOptions): Promise<void> {
  const server = await serve(endpoint, options);
  await call(endpoint, options);
  await server.shutdown();
}

const actions = { serve, call, watch, 'serve-and-call': serveAndCall };
const [action = '', endpoint = '', text = '{}'] = process.argv.slice(2);
const options = JSON.parse(text) as PodInfoProcessOptions;
if (options.uid !== undefined) process.setuid?.(options.uid);
actions[action as keyof typeof actions](endpoint, options).catch((error: unknown) => {
  const { code, message } = error as RpcError;
  say({ event: 'failed', code: error instanceof RpcError ? code : undefined, message });
  process.exitCode = 1;
});
