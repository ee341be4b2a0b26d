/**
 * A process that serves or calls through podwire and does as it is told over IPC, so that it can be measured, starved of
 * descriptors, stopped and killed. `start-fault-process.ts` starts it.
 */
import { closeSync, openSync } from 'node:fs';
import { connect, createServer as createSocketServer, type Socket } from 'node:net';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { type Channel, createChannel } from '../../src/client/channel.js';
import { createClient } from '../../src/client/client.js';
import { RpcError } from '../../src/rpc/rpc-error.js';
import { createServer, type Server } from '../../src/server/server.js';
import type { ListenOptions } from '../../src/socket/listen-options.js';
import { sameUser } from '../../src/socket/peer-policy.js';
import type { SocketError } from '../../src/socket/socket-error.js';
import type { ServerLimits } from '../../src/transport/limits.js';
import * as wire from '../http2/wire.js';
import { faultyPodInfo } from './faulty-pod-info.js';
import { liveHeap } from './process-state.js';
import { greeting, message, request } from './raw-connection.js';

export interface CallOutcome {
  readonly reply?: string;
  readonly code?: number;
  readonly message?: string;
}

let server: Server | undefined;
let files: number[] = [];
let received = 0;
const sockets = new Set<Socket>();
const channels = new Set<Channel>();

/** A listening or a connecting socket that stops in the middle of a DATA frame of a call. */
const halfMessage = message(1, 10_000).subarray(0, 5_000);

const commands = {
  heap: () => liveHeap(),

  /** Clients that are connected. */
  connections: () => server?.connectionCount ?? 0,

  /** Serves PodInfo on one more endpoint. A path or a name that is taken is an error with the code of its SocketError. */
  async listen(endpoint: string, options: ListenOptions = {}, limits: Partial<ServerLimits> = {}) {
    server ??= createServer({
      limits,
      onHandlerError: () => {},
    }).add(PodInfoDefinition, faultyPodInfo);
    await server.listen(endpoint, {
      ...options,
      ...(endpoint.startsWith('unix-abstract:') && { allowPeer: sameUser() }),
    });
  },

  async shutdown() {
    await server?.shutdown({ graceMs: 0 });
    server = undefined;
  },

  /** A call of an own channel. */
  async call(endpoint: string, timeoutMs: number): Promise<CallOutcome> {
    const channel = createChannel(endpoint);
    try {
      return await createClient(PodInfoDefinition, channel).describe({ text: 'hello' }, { timeoutMs });
    } catch (error) {
      return error instanceof RpcError
        ? { code: error.code, message: error.statusMessage }
        : { message: String(error) };
    } finally {
      await channel.close();
    }
  },

  /** Begins to read an endless stream and answers when its first message came. */
  async watch(endpoint: string) {
    const channel = createChannel(endpoint);
    channels.add(channel);
    const responses = createClient(PodInfoDefinition, channel).watch({})[Symbol.asyncIterator]();
    await responses.next();
    void (async () => {
      while (!(await responses.next()).done) received++;
    })().catch(() => {});
  },

  /** Messages that `watch` has read. */
  received: () => received,

  async closeChannels() {
    for (const channel of channels) await channel.close();
    channels.clear();
  },

  /** Uses up all descriptors. @returns how many there were. */
  exhaust() {
    for (;;) {
      try {
        files.push(openSync('/dev/null', 'r'));
      } catch {
        return files.length;
      }
    }
  },

  /** Gives them back. */
  free() {
    for (const fd of files) closeSync(fd);
    files = [];
  },

  /** Serves, without podwire, one half of an answer to every connection. */
  async listenForHalf(path: string) {
    const listener = createSocketServer((socket) => {
      socket.on('error', () => {});
      // The client's preface, SETTINGS and request may come in one chunk or several.
      const seen = new wire.FrameLog(true);
      socket.on('data', (chunk) => {
        const isRequest = seen.add(chunk).some(({ type }) => type === wire.HEADERS);
        if (!isRequest) return;
        const head = wire.response(1, false, ['content-type', 'application/grpc']);
        socket.write(Buffer.concat([head, halfMessage]));
      });
      socket.write(wire.settings());
    });
    await new Promise<void>((resolve) => listener.listen(path, resolve));
  },

  /** Sends, without podwire, one half of a request. */
  async sendHalf(path: string) {
    const socket = connect(path);
    sockets.add(socket);
    const bytes = Buffer.concat([greeting, request(1, 'PushLogs'), halfMessage]);
    await new Promise<void>((resolve, reject) => socket.on('error', reject).write(bytes, () => resolve()));
  },
};

export type Commands = typeof commands;

export interface CommandMessage {
  readonly id: number;
  readonly name: keyof Commands;
  readonly parameters: readonly unknown[];
}

export interface ReplyMessage {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code?: string; readonly message: string; readonly holder?: { readonly pid: number } };
}

process.on('message', async ({ id, name, parameters }: CommandMessage) => {
  let reply: ReplyMessage;
  try {
    const command = commands[name] as (...parameters: readonly unknown[]) => unknown;
    reply = { id, result: await command(...parameters) };
  } catch (error) {
    const { code, message, holder } = error as SocketError;
    reply = { id, error: { code, message, holder } };
  }
  process.send?.(reply);
});
process.on('disconnect', () => process.exit());
process.send?.({ id: 0 } satisfies ReplyMessage);
