import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Endpoint, PathEndpoint } from '../endpoint/endpoint.js';
import { parseEndpoint } from '../endpoint/parse-endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import { checkOptionNames } from '../options/check-option-names.js';
import { absolutePath } from './absolute-path.js';
import { checkWithoutCredentials } from './check-without-credentials.js';
import { defaultClientPolicy } from './default-policy.js';
import { descriptorLimit } from './descriptor-limit.js';
import { hasLibc } from './has-libc.js';
import { inheritedSocket } from './inherited-socket.js';
import { type ListenOptions, listenOptionNames } from './listen-options.js';
import { listenerEvents } from './listener-events.js';
import { acceptThoseWaiting, type ListeningServer, serveBoundSocket } from './listening-server.js';
import { openServer } from './open-server.js';
import type { Peer } from './peer.js';
import { readPeerCredentials } from './peer-credentials.js';
import { checkPolicy, type PeerPolicy } from './peer-policy.js';
import { peerRefusal } from './peer-refusal.js';
import { relisten } from './relisten.js';
import { SocketError } from './socket-error.js';
import type { SocketFile } from './socket-file.js';
import { watchSocketFile } from './watch-socket-file.js';

/**
 * What a listener tells. The sockets are paused and nothing has been read from them: attach the listeners, then call
 * `socket.resume()`. Whoever receives a socket owns it and closes it; both kinds count as open until then.
 */
export interface SocketListenerEvents {
  onConnection(socket: Socket, peer: Peer): void;
  /**
   * A peer that the policy or a limit turns away; after a limit it may try again. Tell it why if the protocol can, then
   * destroy the socket. Peers that come while many refused ones are still open are closed without a word.
   */
  onRefused(socket: Socket, peer: Peer, reason: string, cause: 'policy' | 'limit'): void;
  /** What a policy has thrown, or an accept, a watch of the file or a try to have it back that failed. The listener goes on. */
  onError?(error: Error): void;
}

/** What a listener has seen of its peers, and of its path, since it began. */
export interface SocketCounts {
  /** Peers that were let in. */
  readonly accepted: number;
  /** Peers that were turned away, for whatever reason. */
  readonly refused: number;
  /** Those of them that the policy turned away. */
  readonly refusedByPolicy: number;
  /** Those of them that a limit turned away: of connections, or of file descriptors. */
  readonly refusedByLimit: number;
  /** Accepted connections that are closed. */
  readonly disconnected: number;
  /** How often the path was removed or replaced. */
  readonly lost: number;
  /** How often it was got back (`ListenOptions.relisten`). */
  readonly relistened: number;
}

export interface SocketListener {
  readonly endpoint: Endpoint;
  readonly counters: SocketCounts;
  /** Accepted connections that are open now. */
  readonly connectionCount: number;
  /**
   * Stops accepting and removes the socket file if it is still ours. Accepted sockets stay as they are. Resolves when
   * the address is free; calling it again is harmless.
   */
  close(): Promise<void>;
  /** Keeps the process alive while listening (the state after `listenSocket`). */
  ref(): void;
  unref(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Refused sockets that may be open at a time, so that peers who are not let in cannot use up our descriptors. */
const REFUSED_OPEN = 64;
/**
 * Descriptors that are not given to peers. A new descriptor has the lowest free number, so its number tells how many
 * are left. When none is, libuv takes waiting connections and closes them without telling anybody (uv__emfile_trick):
 * neither side would learn why, hence this comes before.
 */
const DESCRIPTORS_SPARED = 16;

/**
 * Listens on a path, an abstract name or an inherited socket. Each peer is identified and judged before a byte of it is read.
 *
 * Rejects with SocketError (`EADDRINUSE`, `ENOENT`, `EACCES`, `ERR_PODWIRE_POLICY_REQUIRED` ...), EndpointError for an
 * endpoint that is not valid, TypeError for options that are not.
 */
export async function listenSocket(
  endpoint: string | Endpoint,
  options: ListenOptions,
  events: SocketListenerEvents,
): Promise<SocketListener> {
  const checked = parseEndpoint(endpoint);
  checkOptionNames('a listener', options, listenOptionNames);
  const limits = readLimits(options);
  await refuseInCluster(checked);
  if (checked.kind !== 'path') refuseFileOptions(checked, options);
  const shown = printEndpoint(checked);
  if (checked.kind === 'fd') {
    const inherited = inheritedSocket(checked);
    const policy = options.allowPeer ?? defaultClientPolicy(inherited.address);
    const listening = await serveBoundSocket(inherited, limits.backlog, shown);
    return new Listener(checked, listening, policy, limits, options, events);
  }
  const policy = options.allowPeer ?? defaultClientPolicy(checked);
  if (!hasLibc(shown)) checkWithoutCredentials('allowPeer', policy, shown);
  const listening = await openServer(checked, options, limits.backlog, shown);
  return new Listener(checked, listening, policy, limits, options, events);
}

interface Limits {
  readonly backlog: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerUser: number;
}

function readLimits(options: ListenOptions): Limits {
  if (options.allowPeer !== undefined) checkPolicy('allowPeer', options.allowPeer);
  const maxConnections = count('maxConnections', options.maxConnections, 4096);
  checkMode(options.mode);
  checkInteger('owner', options.owner, 0, 0xfffffffe);
  checkInteger('group', options.group, 0, 0xfffffffe);
  return {
    backlog: count('backlog', options.backlog, 4096),
    maxConnections,
    maxConnectionsPerUser: count('maxConnectionsPerUser', options.maxConnectionsPerUser, Math.ceil(maxConnections / 2)),
  };
}

function count(name: string, value: number | undefined, fallback: number): number {
  checkInteger(name, value, 1, 0x7fffffff);
  return value ?? fallback;
}

function checkMode(mode: number | undefined): void {
  if (mode === undefined || (Number.isInteger(mode) && mode >= 0 && mode <= 0o777)) return;
  const given = typeof mode === 'string' ? `"${mode}"` : String(mode);
  throw new TypeError(`mode must be a number from 0 to 0o777, such as 0o660, not ${given}`);
}

function checkInteger(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  throw new TypeError(`${name} must be a whole number from ${least} to ${most}, not ${String(value)}`);
}

/** Said rather than ignored: whoever sets a mode counts on it. */
function refuseFileOptions(endpoint: Endpoint, options: ListenOptions): void {
  if (endpoint.kind === 'fd' && options.relisten) {
    const message = 'who has made the socket must keep its path; "relisten" is for sockets that podwire makes';
    throw new SocketError('ERR_PODWIRE_UNSUPPORTED', printEndpoint(endpoint), message);
  }
  const option = (['mode', 'owner', 'group', 'createParent'] as const).find((name) => options[name] !== undefined);
  if (option === undefined) return;
  const message = `"${option}" is for the socket file of a path; say with allowPeer who may connect`;
  throw new SocketError('ERR_PODWIRE_UNSUPPORTED', printEndpoint(endpoint), message);
}

/** In a worker of node:cluster, listening is left to the primary, in which our descriptor is another file. */
async function refuseInCluster(endpoint: Endpoint): Promise<void> {
  const { default: cluster } = await import('node:cluster');
  if (!cluster.isWorker) return;
  const message = 'node:cluster cannot share this socket; listen in one process, or in several on different endpoints';
  throw new SocketError('ERR_PODWIRE_UNSUPPORTED', printEndpoint(endpoint), message);
}

class Listener implements SocketListener {
  readonly endpoint: Endpoint;
  readonly counters = {
    accepted: 0,
    refused: 0,
    refusedByPolicy: 0,
    refusedByLimit: 0,
    disconnected: 0,
    lost: 0,
    relistened: 0,
  };
  readonly #address: string;
  readonly #policy: PeerPolicy;
  readonly #limits: Limits;
  readonly #options: ListenOptions;
  readonly #events: SocketListenerEvents;
  readonly #connectionsOf = new Map<number | undefined, number>();
  readonly #closing = new AbortController();
  #listening: ListeningServer;
  #stopWatching = (): void => {};
  #relistening: Promise<void> | undefined;
  #toldUnwatched = false;
  #wasExhausted = false;
  #referenced = true;
  #connectionCount = 0;
  #refusedCount = 0;
  #closed: Promise<void> | undefined;

  constructor(
    endpoint: Endpoint,
    listening: ListeningServer,
    policy: PeerPolicy,
    limits: Limits,
    options: ListenOptions,
    events: SocketListenerEvents,
  ) {
    this.endpoint = endpoint;
    this.#address = printEndpoint(endpoint);
    this.#policy = policy;
    this.#limits = limits;
    this.#options = options;
    this.#events = events;
    this.#listening = listening;
    this.#serve(listening);
    if (listenerEvents.listening.hasSubscribers) listenerEvents.listening.publish({ address: this.#address });
  }

  get connectionCount(): number {
    return this.#connectionCount;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  ref(): void {
    this.#referenced = true;
    this.#listening.server.ref();
  }

  unref(): void {
    this.#referenced = false;
    this.#listening.server.unref();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await this.#relistening;
    this.#stopWatching();
    this.#closeServer(this.#listening);
    // The callback of Server.close waits for the accepted connections, too; the descriptor itself is closed by now.
    await nextTurn();
    if (listenerEvents.closed.hasSubscribers) listenerEvents.closed.publish({ address: this.#address });
  }

  #closeServer(listening: ListeningServer): void {
    try {
      listening.close();
    } catch (cause) {
      const message = 'the socket file could not be removed and stays behind';
      this.#events.onError?.(new SocketError(codeOf(cause), this.#address, message, { cause }));
    }
  }

  /** Accepts from `listening`, and watches its file. */
  #serve({ server, file }: ListeningServer): void {
    server.on('connection', (socket) => this.#accept(socket));
    server.on('error', (error) => this.#events.onError?.(error));
    if (!this.#referenced) server.unref();
    if (file === undefined) return;
    this.#stopWatching = watchSocketFile(
      file,
      (state) => this.#lost(state, file),
      (cause) => {
        if (this.#toldUnwatched) return;
        this.#toldUnwatched = true;
        const message = 'inotify cannot watch the socket file, so it is looked at once a second';
        this.#events.onError?.(new SocketError(codeOf(cause), this.#address, message, { cause }));
      },
    );
  }

  #lost(state: 'removed' | 'replaced', file: SocketFile): void {
    if (this.#closing.signal.aborted) return;
    this.counters.lost++;
    if (!this.#options.relisten) return this.#tellLost(`${state}: listen again, or with { relisten: true }`);
    if (listenerEvents.lost.hasSubscribers) {
      listenerEvents.lost.publish({ address: this.#address, error: this.#lostError(state), relistening: true });
    }
    this.#relistening = Promise.all([this.#relistening, this.#relisten(state, file)]).then(() => {});
  }

  #lostError(what: string, cause?: unknown): SocketError {
    const message = `nobody can connect any more, for the socket file was ${what}`;
    return new SocketError('ERR_PODWIRE_LOST', this.#address, message, { cause });
  }

  #tellLost(what: string, cause?: unknown): void {
    const error = this.#lostError(what, cause);
    const { lost } = listenerEvents;
    if (lost.hasSubscribers) lost.publish({ address: this.#address, error, relistening: false });
    const { onLost } = this.#options;
    if (onLost === undefined) process.emitWarning(error);
    // What it throws is the program's, not ours.
    else process.nextTick(() => onLost(error));
  }

  async #relisten(state: 'removed' | 'replaced', { path }: SocketFile): Promise<void> {
    const open = async (): Promise<ListeningServer> =>
      openServer(this.#endpointOf(path), this.#options, this.#limits.backlog, this.#address);
    let fresh: ListeningServer;
    try {
      fresh = await relisten(open, this.#closing.signal, (error) => this.#events.onError?.(error));
    } catch (cause) {
      if (!this.#closing.signal.aborted) this.#tellLost(`${state}, and its place is taken`, cause);
      return;
    }
    const old = this.#listening;
    this.#listening = fresh;
    this.#serve(fresh);
    this.counters.relistened++;
    if (listenerEvents.relistened.hasSubscribers) listenerEvents.relistened.publish({ address: this.#address });
    const { onRelisten } = this.#options;
    if (onRelisten !== undefined && !this.#closing.signal.aborted) process.nextTick(() => onRelisten());
    await acceptThoseWaiting(old);
    this.#closeServer(old);
  }

  /** Absolute, since the working directory may have changed; unless only the relative path is short enough. */
  #endpointOf(path: string): PathEndpoint {
    if (Buffer.byteLength(path) <= 107) return { kind: 'path', path };
    const endpoint = this.endpoint as PathEndpoint;
    if (absolutePath(endpoint.path) === path) return endpoint;
    const message = `the address of ${path} is too long from anywhere but the working directory of the start`;
    throw new SocketError('ENAMETOOLONG', this.#address, message);
  }

  #accept(socket: Socket): void {
    const fd = descriptorOf(socket);
    const limit = descriptorLimit(fd, DESCRIPTORS_SPARED);
    const isExhausted = fd >= limit - DESCRIPTORS_SPARED;
    if (isExhausted && !this.#wasExhausted) {
      const message = `nearly all of the ${limit} file descriptors are in use, so clients are turned away; raise ulimit -n`;
      this.#events.onError?.(new SocketError('EMFILE', this.#address, message));
    }
    this.#wasExhausted = isExhausted;
    const peer: Peer = hasLibc(this.#address)
      ? readPeerCredentials(fd, this.#address)
      : { groups: [], endpoint: this.#address };
    const ofUser = this.#connectionsOf.get(peer.uid) ?? 0;
    const refusal = peerRefusal(this.#policy, peer);
    if (refusal !== undefined) {
      if (refusal.cause !== undefined) this.#events.onError?.(asError(refusal.cause));
      this.#refuse(socket, peer, refusal.reason, 'policy');
    } else if (isExhausted) {
      this.#refuse(socket, peer, `the server has used up its ${limit} file descriptors`, 'limit');
    } else if (this.#connectionCount >= this.#limits.maxConnections) {
      this.#refuse(socket, peer, `${this.#limits.maxConnections} connections are open, which is the limit`, 'limit');
    } else if (ofUser >= this.#limits.maxConnectionsPerUser) {
      this.#refuse(socket, peer, `this user has ${ofUser} connections open, which is the limit`, 'limit');
    } else {
      this.counters.accepted++;
      this.#connectionCount++;
      this.#connectionsOf.set(peer.uid, ofUser + 1);
      socket.once('close', () => this.#release(peer.uid));
      const { accepted } = listenerEvents;
      if (accepted.hasSubscribers) accepted.publish({ address: this.#address, peer });
      this.#events.onConnection(socket, peer);
    }
  }

  #release(uid: number | undefined): void {
    this.counters.disconnected++;
    this.#connectionCount--;
    const left = this.#connectionsOf.get(uid)! - 1;
    if (left === 0) this.#connectionsOf.delete(uid);
    else this.#connectionsOf.set(uid, left);
  }

  #refuse(socket: Socket, peer: Peer, reason: string, cause: 'policy' | 'limit'): void {
    this.counters.refused++;
    if (cause === 'policy') this.counters.refusedByPolicy++;
    else this.counters.refusedByLimit++;
    const { refused } = listenerEvents;
    if (refused.hasSubscribers) refused.publish({ address: this.#address, peer, cause, reason });
    if (this.#refusedCount >= REFUSED_OPEN) {
      socket.destroy();
      return;
    }
    this.#refusedCount++;
    socket.once('close', () => this.#refusedCount--);
    this.#events.onRefused(socket, peer, reason, cause);
  }
}

/** Node has no public way to a socket's descriptor. Present, synchronously after accept, on Node 18 to 26. */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'EIO';
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
