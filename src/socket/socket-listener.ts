import { createServer, type Server, type Socket } from 'node:net';
import type { Endpoint } from '../endpoint/endpoint.js';
import { parseEndpoint } from '../endpoint/parse-endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import { bindAbstract } from './bind-abstract.js';
import { bindPath } from './bind-path.js';
import type { BoundSocket } from './bound-socket.js';
import { defaultClientPolicy } from './default-policy.js';
import { inheritedSocket } from './inherited-socket.js';
import type { ListenOptions } from './listen-options.js';
import type { Peer } from './peer.js';
import { readPeerCredentials } from './peer-credentials.js';
import { checkPolicy, type PeerPolicy } from './peer-policy.js';
import { peerRefusal } from './peer-refusal.js';
import { SocketError } from './socket-error.js';

/**
 * What a listener tells. The sockets are paused and nothing has been read from them: attach the listeners, then call
 * `socket.resume()`. Whoever receives a socket owns it and closes it; both kinds count as open until then.
 */
export interface SocketListenerEvents {
  onConnection(socket: Socket, peer: Peer): void;
  /**
   * A peer that the policy or a limit turns away. Tell it why if the protocol can, then destroy the socket. Peers that
   * come while many refused ones are still open are closed without a word.
   */
  onRefused(socket: Socket, peer: Peer, reason: string): void;
  /** An accept that failed, or what a policy has thrown. The listener goes on. */
  onError?(error: Error): void;
}

export interface ListenerCounters {
  /** Peers handed to `onConnection`. */
  readonly accepted: number;
  /** Peers turned away, for whatever reason. */
  readonly refused: number;
  /** Those of them that a connection limit turned away. */
  readonly refusedByLimit: number;
}

export interface SocketListener {
  readonly endpoint: Endpoint;
  readonly counters: ListenerCounters;
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
 * Listens on a path, an abstract name or an inherited socket. Each peer is identified and judged before a byte of it is read.
 *
 * Rejects with SocketError (`EADDRINUSE`, `ENOENT`, `EACCES`, `ERR_PODWIRE_POLICY_REQUIRED` ...), EndpointError for an
 * endpoint that is not valid, TypeError for options that are not.
 */
export async function listenSocket(
  endpoint: Endpoint,
  options: ListenOptions,
  events: SocketListenerEvents,
): Promise<SocketListener> {
  const checked = parseEndpoint(endpoint);
  const limits = readLimits(options);
  await refuseInCluster(checked);
  if (checked.kind !== 'path') refuseFileOptions(checked, options);
  if (checked.kind === 'fd') {
    const inherited = inheritedSocket(checked);
    const policy = options.allowPeer ?? defaultClientPolicy(inherited.address);
    return new Listener(checked, inherited, policy, limits, events).start();
  }
  const policy = options.allowPeer ?? defaultClientPolicy(checked);
  const bound =
    checked.kind === 'path'
      ? await bindPath(checked, options, limits.backlog)
      : await bindAbstract(checked, limits.backlog);
  return new Listener(checked, bound, policy, limits, events).start();
}

interface Limits {
  readonly backlog: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerUser: number;
}

function readLimits(options: ListenOptions): Limits {
  if (options.allowPeer !== undefined) checkPolicy('allowPeer', options.allowPeer);
  const maxConnections = count('maxConnections', options.maxConnections, 4096);
  checkInteger('mode', options.mode, 0, 0o777);
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

function checkInteger(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  throw new TypeError(`${name} must be a whole number from ${least} to ${most}, not ${String(value)}`);
}

/** Said rather than ignored: whoever sets a mode counts on it. */
function refuseFileOptions(endpoint: Endpoint, options: ListenOptions): void {
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
  readonly counters = { accepted: 0, refused: 0, refusedByLimit: 0 };
  readonly #address: string;
  readonly #bound: BoundSocket;
  readonly #policy: PeerPolicy;
  readonly #limits: Limits;
  readonly #events: SocketListenerEvents;
  readonly #server: Server;
  readonly #connectionsOf = new Map<number | undefined, number>();
  #connectionCount = 0;
  #refusedCount = 0;
  #closed: Promise<void> | undefined;

  constructor(
    endpoint: Endpoint,
    bound: BoundSocket,
    policy: PeerPolicy,
    limits: Limits,
    events: SocketListenerEvents,
  ) {
    this.endpoint = endpoint;
    this.#address = printEndpoint(endpoint);
    this.#bound = bound;
    this.#policy = policy;
    this.#limits = limits;
    this.#events = events;
    // Paused, so that nothing of a peer is read before it has been let in, and no byte is lost to a late listener.
    this.#server = createServer({ pauseOnConnect: true }, (socket) => this.#accept(socket));
  }

  get connectionCount(): number {
    return this.#connectionCount;
  }

  start(): Promise<SocketListener> {
    return new Promise((resolve, reject) => {
      const failed = (cause: Error): void => {
        // Node closes the descriptor of a server that cannot listen.
        this.#bound.unlink();
        reject(new SocketError('EIO', this.#address, 'Node could not take over the socket', { cause }));
      };
      this.#server.once('error', failed);
      // Node listens once more; with a descriptor it takes the backlog from here and not from the options.
      this.#server.listen({ fd: this.#bound.fd }, this.#limits.backlog, () => {
        this.#server.off('error', failed);
        this.#server.on('error', (error) => this.#events.onError?.(error));
        resolve(this);
      });
    });
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#bound.unlink();
      // Node's callback waits for the accepted connections, too; the descriptor itself is closed at once.
      this.#server.close();
      setImmediate(resolve);
    });
    return this.#closed;
  }

  ref(): void {
    this.#server.ref();
  }

  unref(): void {
    this.#server.unref();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(socket: Socket): void {
    const peer = readPeerCredentials(descriptorOf(socket), this.#address);
    const ofUser = this.#connectionsOf.get(peer.uid) ?? 0;
    const refusal = peerRefusal(this.#policy, peer);
    if (refusal !== undefined) {
      if (refusal.cause !== undefined) this.#events.onError?.(asError(refusal.cause));
      this.#refuse(socket, peer, refusal.reason);
    } else if (this.#connectionCount >= this.#limits.maxConnections) {
      this.counters.refusedByLimit++;
      this.#refuse(socket, peer, `${this.#limits.maxConnections} connections are open, which is the limit`);
    } else if (ofUser >= this.#limits.maxConnectionsPerUser) {
      this.counters.refusedByLimit++;
      this.#refuse(socket, peer, `this user has ${ofUser} connections open, which is the limit`);
    } else {
      this.counters.accepted++;
      this.#connectionCount++;
      this.#connectionsOf.set(peer.uid, ofUser + 1);
      socket.once('close', () => this.#release(peer.uid));
      this.#events.onConnection(socket, peer);
    }
  }

  #release(uid: number | undefined): void {
    this.#connectionCount--;
    const left = this.#connectionsOf.get(uid)! - 1;
    if (left === 0) this.#connectionsOf.delete(uid);
    else this.#connectionsOf.set(uid, left);
  }

  #refuse(socket: Socket, peer: Peer, reason: string): void {
    this.counters.refused++;
    if (this.#refusedCount >= REFUSED_OPEN) {
      socket.destroy();
      return;
    }
    this.#refusedCount++;
    socket.once('close', () => this.#refusedCount--);
    this.#events.onRefused(socket, peer, reason);
  }
}

/** Node has no public way to a socket's descriptor. Present, synchronously after accept, on Node 18 to 26. */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
