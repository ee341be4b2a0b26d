import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { type Channel, type ChannelOptions, createChannel } from '../../src/client/channel.js';
import { type Client, createClient } from '../../src/client/client.js';
import { createServer, type Server, type ServerOptions } from '../../src/server/server.js';
import type { ServerInterceptor } from '../../src/server/server-interceptor.js';
import type { ServiceImplementation } from '../../src/server/service-implementation.js';
import type { ListenOptions } from '../../src/socket/listen-options.js';
import { sameUser } from '../../src/socket/peer-policy.js';
import { knowsPeers } from '../socket/knows-peers.js';

export type PodInfo = ServiceImplementation<typeof PodInfoDefinition>;

/** Every method does the obvious thing; tests replace the one they are about. */
export const plainPodInfo: PodInfo = {
  async describe({ text }) {
    return { reply: `${text} And a reply from the server.` };
  },
  async *watch({ sampleLimit }) {
    for (let sequence = 1n; sequence <= BigInt(sampleLimit); sequence++) yield { sequence };
  },
  async pushLogs(requests) {
    let acceptedLines = 0n;
    for await (const _ of requests) acceptedLines++;
    return { acceptedLines };
  },
  async *exchange(requests) {
    for await (const { id, command } of requests) yield { id, outcome: { $case: 'output', value: command } };
  },
};

export interface Served extends AsyncDisposable {
  readonly server: Server;
  readonly channel: Channel;
  readonly podinfo: Client<typeof PodInfoDefinition>;
  readonly endpoint: string;
}

export interface ServeOptions {
  readonly server?: ServerOptions;
  readonly channel?: ChannelOptions;
  readonly interceptors?: readonly ServerInterceptor[];
  readonly endpoint?: string;
}

/** PodInfo on a real socket and a client of it; both end with the test. */
export async function servePodInfo(
  methods: Partial<PodInfo> = {},
  { server: serverOptions, channel: channelOptions, interceptors, endpoint = abstractName() }: ServeOptions = {},
): Promise<Served> {
  const server = createServer(serverOptions);
  server.add(PodInfoDefinition, { ...plainPodInfo, ...methods }, { interceptors });
  await server.listen(endpoint, allowOwn(endpoint));
  const channel = createChannel(endpoint, channelOptions);
  const podinfo = createClient(PodInfoDefinition, channel);
  const dispose = async (): Promise<void> => {
    await channel.close();
    await server.shutdown({ graceMs: 0 });
  };
  return { server, channel, podinfo, endpoint, [Symbol.asyncDispose]: dispose };
}

/** An address of its own. Without koffi a path, since `sameUser()` cannot be held on an abstract name then. */
export function abstractName(): string {
  const name = `podwire-test-${randomUUID()}`;
  return knowsPeers ? `unix-abstract:${name}` : `unix://${tmpdir()}/${name}.sock`;
}

/** The policy that an abstract name needs, for root too. Of a path the mode decides. */
export function allowOwn(endpoint: string): ListenOptions {
  return endpoint.startsWith('unix-abstract:') ? { allowPeer: sameUser() } : {};
}

/** A folder for socket files that is gone after the test. */
export function socketFolder(): Disposable & { readonly path: (name: string) => string } {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-'));
  return {
    path: (name) => join(folder, name),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export async function* repeat<Message>(count: number, make: (index: number) => Message): AsyncGenerator<Message> {
  for (let index = 0; index < count; index++) yield make(index);
}

export async function collect<Message>(messages: AsyncIterable<Message>): Promise<Message[]> {
  const collected: Message[] = [];
  for await (const message of messages) collected.push(message);
  return collected;
}

/** A promise with its ends. */
export function signalled<Value = void>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve!: (value: Value) => void;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Polls, for what has no event: the test's own time limit ends it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2));
}
