/**
 * One side of a Unix socket as a process of its own, for tests that need another user, a kill or another Node:
 *
 *     node --import tsx test/socket/socket-process.ts listen unix-abstract:x '{"allowPeer":"anyone"}'
 *     node --import tsx test/socket/socket-process.ts dial unix-abstract:x '{"send":"hello"}'
 *
 * Prints one JSON object per line. The listener echoes what it gets and closes when its input ends.
 */
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseEndpoint } from '../../src/endpoint/parse-endpoint.js';
import { dialSocket } from '../../src/socket/dial-socket.js';
import type { ListenOptions } from '../../src/socket/listen-options.js';
import { anyone, groups, type PeerPolicy, sameUser, users } from '../../src/socket/peer-policy.js';
import { SocketError } from '../../src/socket/socket-error.js';
import { listenSocket } from '../../src/socket/socket-listener.js';

export interface SocketProcessOptions {
  /** Who to become before anything else; needs root. */
  readonly uid?: number;
  readonly gid?: number;
  readonly groups?: readonly number[];
  readonly umask?: number;
  readonly mode?: number;
  readonly owner?: number;
  readonly relisten?: boolean;
  readonly backlog?: number;
  readonly maxConnections?: number;
  readonly allowPeer?: 'anyone' | 'sameUser' | { readonly users: number[] } | { readonly groups: number[] };
  readonly protectedPath?: boolean;
  /** What the dialing side sends; it then prints the echo. */
  readonly send?: string;
  /** Do not tell of each client. */
  readonly quiet?: boolean;
  /** Tell how much came from each client. */
  readonly tellBytes?: boolean;
  /** Use up all descriptors first. */
  readonly exhaust?: boolean;
}

function say(event: object): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function policyOf(allowPeer: SocketProcessOptions['allowPeer']): { allowPeer?: PeerPolicy } {
  if (allowPeer === undefined) return {};
  if (allowPeer === 'anyone') return { allowPeer: anyone() };
  if (allowPeer === 'sameUser') return { allowPeer: sameUser() };
  return { allowPeer: 'users' in allowPeer ? users(...allowPeer.users) : groups(...allowPeer.groups) };
}

async function listen(endpoint: string, options: SocketProcessOptions): Promise<void> {
  const { mode, owner, backlog, maxConnections, relisten = false } = options;
  const listenOptions: ListenOptions = {
    ...policyOf(options.allowPeer),
    ...(mode !== undefined && { mode }),
    ...(owner !== undefined && { owner }),
    ...(backlog !== undefined && { backlog }),
    ...(maxConnections !== undefined && { maxConnections, maxConnectionsPerUser: maxConnections }),
    ...(relisten && { relisten }),
    onLost: ({ code, message }) => say({ event: 'lost', code, message }),
    onRelisten: () => say({ event: 'relistened' }),
  };
  const listener = await listenSocket(parseEndpoint(endpoint), listenOptions, {
    onConnection(socket, peer) {
      if (!options.quiet) say({ event: 'connection', peer });
      socket.on('error', () => {});
      socket.pipe(socket);
      if (options.tellBytes) socket.on('close', () => say({ event: 'disconnected', bytes: socket.bytesRead }));
    },
    onRefused(socket, peer, reason) {
      say({ event: 'refused', peer, reason });
      socket.destroy();
    },
    onError: (error) => say({ event: 'error', code: (error as SocketError).code, message: error.message }),
  });
  say({ event: 'listening', pid: process.pid, node: process.version });
  let files: number[] = [];
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'exhaust') files = openAll();
    if (line === 'free') for (const fd of files.splice(0)) closeSync(fd);
    say({ event: line, open: files.length });
  }
  await listener.close();
  say({ event: 'closed', counters: listener.counters });
}

/** Uses up the descriptors of this process. */
function openAll(): number[] {
  const files: number[] = [];
  for (;;) {
    try {
      files.push(openSync('/dev/null', 'r'));
    } catch {
      return files;
    }
  }
}

async function dial(endpoint: string, options: SocketProcessOptions): Promise<void> {
  const { socket, peer } = await dialSocket(parseEndpoint(endpoint), {
    ...(options.allowPeer !== undefined && { allowServer: policyOf(options.allowPeer).allowPeer! }),
    ...(options.protectedPath && { protectedPath: true }),
  });
  say({ event: 'dialed', peer, pid: process.pid, node: process.version });
  let echo = '';
  socket.on('data', (chunk) => {
    echo += chunk;
    if (options.send !== undefined && echo.length >= options.send.length) socket.end();
  });
  socket.on('error', (error) => say({ event: 'error', message: error.message }));
  socket.on('close', () => say({ event: 'closed', echo }));
  if (options.send !== undefined) socket.write(options.send);
  socket.resume();
}

const [action, endpoint = '', text = '{}'] = process.argv.slice(2);
const options = JSON.parse(text) as SocketProcessOptions;
if (options.umask !== undefined) process.umask(options.umask);
if (options.groups !== undefined) process.setgroups?.([...options.groups]);
if (options.gid !== undefined) process.setgid?.(options.gid);
if (options.uid !== undefined) process.setuid?.(options.uid);
if (options.exhaust) openAll();
(action === 'listen' ? listen : dial)(endpoint, options).catch((error: unknown) => {
  const { code, message } = error as SocketError;
  const holder = error instanceof SocketError ? error.holder : undefined;
  say({ event: 'failed', code, message, holder });
  process.exitCode = 1;
});
