import { statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { AbstractEndpoint, Endpoint, PathEndpoint } from '../endpoint/endpoint.js';
import { parseEndpoint } from '../endpoint/parse-endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import { checkOptionNames, type OptionNames } from '../options/check-option-names.js';
import { checkProtectable } from './check-protectable.js';
import { checkWithoutCredentials } from './check-without-credentials.js';
import { defaultServerPolicy } from './default-policy.js';
import { hasLibc } from './has-libc.js';
import { type OutgoingSocket, outgoingSocket } from './outgoing-socket.js';
import type { Peer } from './peer.js';
import { checkPolicy, type PeerPolicy } from './peer-policy.js';
import { peerRefusal } from './peer-refusal.js';
import { ProtectedPath } from './protected-path.js';
import { SocketError } from './socket-error.js';

export interface DialOptions {
  /** How long to wait for a place in a full backlog, in ms. Default 5000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /**
   * Who the server may be: the process that called listen(). Default on a path: `anyone()`, whoever may make a file
   * there. Default on an abstract name, which anybody can take, and with `protectedPath`: our own user or root.
   */
  readonly allowServer?: PeerPolicy;
  /**
   * Only a path that nobody but root, our own user and the server that `allowServer` has let pass could have made lead
   * elsewhere: every folder, link and the socket belongs to one of them, and no folder may be written by others,
   * unless it is sticky. Needs libc and /proc, and refuses without. Default false.
   */
  readonly protectedPath?: boolean;
}

const dialOptionNames: OptionNames<DialOptions> = {
  timeoutMs: true,
  signal: true,
  allowServer: true,
  protectedPath: true,
};

export interface DialedSocket {
  /**
   * Connected, paused and owned by the caller: attach the listeners before the next turn of the event loop, then call
   * `resume()`.
   */
  readonly socket: Socket;
  readonly peer: Peer;
}

/** Waits between tries at a full backlog, in ms. */
const BACKOFF = { first: 10, factor: 1.6, jitter: 0.2, longest: 1_000 };

/**
 * Connects once. Only a full backlog is waited for; every other failure is an immediate SocketError: `ENOENT` (no such
 * file), `ECONNREFUSED` (nobody listens), `EACCES`, `ETIMEDOUT`, `ERR_PODWIRE_PEER_REFUSED` (the server is not who
 * `allowServer` wants, or its path is not protected; nothing was sent), `ERR_PODWIRE_ABORTED` ... An endpoint that is not valid is an EndpointError.
 */
export async function dialSocket(endpoint: string | Endpoint, options: DialOptions = {}): Promise<DialedSocket> {
  const checked = parseEndpoint(endpoint);
  const shown = printEndpoint(checked);
  if (checked.kind === 'fd') {
    throw new SocketError('ERR_PODWIRE_UNSUPPORTED', shown, 'an inherited socket can be listened on, not dialed');
  }
  checkOptionNames('dialSocket', options, dialOptionNames);
  const protect = options.protectedPath || false;
  const policy = options.allowServer ?? defaultServerPolicy(checked, protect);
  checkPolicy('allowServer', policy);
  throwIfAborted(options.signal, shown);
  if (protect) {
    checkProtectable(checked);
    checkProtectionIsPossible(shown);
  }
  if (!hasLibc(shown)) checkWithoutCredentials('allowServer', policy, shown);
  const file = protect && checked.kind === 'path' ? holdFile(checked, shown) : undefined;
  let outgoing: OutgoingSocket | undefined;
  try {
    outgoing = outgoingSocket(file?.endpoint ?? checked, shown);
    await connect(outgoing, checked, shown, options.timeoutMs ?? 5_000, options.signal);
    const peer = outgoing.peer();
    const refusal = peerRefusal(policy, peer);
    if (refusal !== undefined) {
      const message = `${refusal.reason} as the server; nothing was sent to it`;
      throw new SocketError('ERR_PODWIRE_PEER_REFUSED', shown, message, { cause: refusal.cause });
    }
    file?.checkOwners(peer.uid);
    return { socket: outgoing.take(), peer };
  } finally {
    outgoing?.close();
    file?.close();
  }
}

/** Likewise where the path cannot be looked at. */
function checkProtectionIsPossible(shown: string): void {
  if (hasLibc(shown)) return;
  const fix = process.platform === 'linux' ? 'install koffi for this platform' : 'that needs Linux';
  throw new SocketError('ERR_PODWIRE_UNSUPPORTED', shown, `protectedPath cannot be checked here; ${fix}`);
}

function holdFile(endpoint: PathEndpoint, shown: string): ProtectedPath {
  try {
    return new ProtectedPath(endpoint.path, shown);
  } catch (error) {
    if (error instanceof SocketError) throw error;
    throw connectFailure((error as NodeJS.ErrnoException).code ?? 'EIO', endpoint, shown);
  }
}

async function connect(
  outgoing: OutgoingSocket,
  endpoint: PathEndpoint | AbstractEndpoint,
  shown: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  let wait = BACKOFF.first;
  for (;;) {
    const code = await outgoing.connect();
    throwIfAborted(signal, shown);
    if (code === undefined) return;
    // The backlog is full.
    if (code !== 'EAGAIN') throw connectFailure(code, endpoint, shown);
    const left = giveUpAt - performance.now();
    if (left <= 0) {
      const message = `the server's backlog stayed full for ${timeoutMs} ms; it accepts too slowly or hangs`;
      throw new SocketError('ETIMEDOUT', shown, message);
    }
    const jittered = wait * (1 + BACKOFF.jitter * (2 * Math.random() - 1));
    await delay(Math.min(jittered, left), undefined, signal && { signal }).catch(() => {});
    throwIfAborted(signal, shown);
    wait = Math.min(wait * BACKOFF.factor, BACKOFF.longest);
  }
}

function throwIfAborted(signal: AbortSignal | undefined, shown: string): void {
  if (signal?.aborted) {
    throw new SocketError('ERR_PODWIRE_ABORTED', shown, 'the dial was aborted', { cause: signal.reason });
  }
}

function connectFailure(code: string, endpoint: PathEndpoint | AbstractEndpoint, shown: string): SocketError {
  return new SocketError(code, shown, explain(code, endpoint));
}

function explain(code: string, endpoint: PathEndpoint | AbstractEndpoint): string {
  switch (code) {
    case 'ENOENT':
      return 'there is no such file; start the server, or check the path and the mounts';
    case 'ECONNREFUSED':
      if (endpoint.kind === 'abstract') {
        return 'nobody listens on this name in this network namespace; start the server there';
      }
      return statSync(endpoint.path, { throwIfNoEntry: false })?.isSocket() === false
        ? 'the file there is no socket; check the path'
        : 'nobody listens on this socket file any more; start the server';
    case 'EACCES':
      return 'no permission; connecting needs write permission on the socket and search permission on its folders';
    case 'EPERM':
      return 'a security module forbids it; see the audit log';
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open; close some files or raise the limit (ulimit -n)';
    case 'EPROTOTYPE':
      return 'the socket there is not a stream socket; check the address';
    default:
      return 'connect failed';
  }
}
