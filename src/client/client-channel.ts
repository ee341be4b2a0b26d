import { type InspectOptions, inspect } from 'node:util';
import type { ConnectionError } from '../http2/connection-error.js';
import { ErrorCode } from '../http2/error-code.js';
import { checkInterceptors } from '../rpc/check-interceptors.js';
import { Code } from '../rpc/code.js';
import { RpcError } from '../rpc/rpc-error.js';
import type { Peer } from '../socket/peer.js';
import { isObserved, publishEnd } from '../transport/call-events.js';
import { checkGrace } from '../transport/check-grace.js';
import { type ConnectionEnd, connectionEnd } from '../transport/connection-end.js';
import type { Connector } from '../transport/connector.js';
import { DeadlineTimer } from '../transport/deadline-timer.js';
import { checkKeepalive, type KeepaliveOptions } from '../transport/keepalive.js';
import { type ChannelLimits, resolveChannelLimits } from '../transport/limits.js';
import { LONGEST_TIMER } from '../transport/longest-timer.js';
import { Transport } from '../transport/transport.js';
import { type AbortListener, onAbort } from './abort-listeners.js';
import { Backoff } from './backoff.js';
import type { Channel, ChannelOptions, ChannelState } from './channel.js';
import { ChannelCounters, type ChannelCounts } from './channel-counters.js';
import { type ChannelCallStart, channelEvents } from './channel-events.js';
import { checkSignal } from './check-signal.js';
import type { ClientCallOwner } from './client-call.js';
import type { ClientInterceptor } from './client-interceptor.js';
import type { WaitingCall } from './waiting-call.js';

interface ReadyWaiter {
  resolve(): void;
  reject(error: unknown): void;
}

const USER_AGENT = 'podwire/0.1.0';

/** A channel as its calls see it: what users see is `Channel`. */
export class ClientChannel implements Channel, ClientCallOwner {
  readonly address: string;
  readonly userAgent: string;
  readonly waitForReady: boolean;
  readonly compression: 'identity' | 'gzip';
  readonly interceptors: readonly ClientInterceptor[];
  readonly limits: Readonly<ChannelLimits>;
  readonly #connector: Connector;
  readonly #keepalive: KeepaliveOptions | undefined;
  readonly #backoff: Backoff;
  readonly #closing = new AbortController();
  readonly #transports = new Set<Transport>();
  readonly #waiting = new Set<WaitingCall>();
  readonly #readyWaiters = new Set<ReadyWaiter>();
  /** Takes new calls. */
  #current: Transport | undefined;
  /** Waits for the server's SETTINGS, to become the current one. */
  #handshaking: Transport | undefined;
  #peer: Peer | undefined;
  readonly #stateWatchers = new Set<() => void>();
  #state: ChannelState = 'idle';
  #lastError: unknown;
  readonly #counters = new ChannelCounters();
  /** Attempts to connect since the last one that succeeded. */
  #attempts = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #graceTimer: NodeJS.Timeout | undefined;
  #graceEnds = Number.POSITIVE_INFINITY;
  #closed: Promise<void> | undefined;
  #allClosed: (() => void) | undefined;

  constructor(address: string, connector: Connector, options: ChannelOptions = {}) {
    this.address = address;
    this.#connector = connector;
    const { userAgent } = options;
    if (userAgent !== undefined && !/^[\x20-\x7e]*$/.test(userAgent)) {
      throw new TypeError(`userAgent ${JSON.stringify(userAgent)} is not printable ASCII`);
    }
    this.userAgent = userAgent === undefined ? USER_AGENT : `${userAgent} ${USER_AGENT}`;
    this.waitForReady = options.waitForReady ?? false;
    this.compression = options.compression ?? 'identity';
    this.interceptors = options.interceptors ?? [];
    checkInterceptors(this.interceptors);
    this.limits = resolveChannelLimits(options.limits);
    this.#keepalive = options.keepalive;
    if (options.keepalive !== undefined) checkKeepalive(options.keepalive);
    this.#backoff = new Backoff(options.backoff);
  }

  get state(): ChannelState {
    return this.#state;
  }

  /** Calls `changed` after every change of `state`, from inside of it, until the returned function is called. */
  watchState(changed: () => void): () => void {
    this.#stateWatchers.add(changed);
    return () => this.#stateWatchers.delete(changed);
  }

  get counters(): ChannelCounts {
    return { ...this.#counters };
  }

  get peer(): Peer | undefined {
    return this.#current === undefined ? undefined : this.#peer;
  }

  async ready(options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {}): Promise<void> {
    const { timeoutMs, signal } = options;
    if (signal !== undefined) checkSignal(signal);
    if (Number.isNaN(Number(timeoutMs ?? 0))) throw new TypeError('timeoutMs must be a number of milliseconds');
    if (this.#current?.connection.usable) return;
    let timer: DeadlineTimer | undefined;
    let abortListener: AbortListener | undefined;
    let waiter: ReadyWaiter | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        if (this.#state === 'shutdown') return reject(this.#closedError());
        if (signal?.aborted)
          return reject(this.#error(Code.CANCELLED, 'waiting for the server was cancelled', signal.reason));
        waiter = { resolve, reject };
        this.#readyWaiters.add(waiter);
        const aborted = () =>
          reject(this.#error(Code.CANCELLED, 'waiting for the server was cancelled', signal?.reason));
        if (signal !== undefined) abortListener = onAbort(signal, aborted);
        if (timeoutMs !== undefined) {
          timer = new DeadlineTimer(performance.now() + timeoutMs, () => {
            const error = this.#lastError;
            const [why, cause] = error instanceof RpcError ? [`: ${error.statusMessage}`, error.cause] : ['', error];
            reject(this.#error(Code.DEADLINE_EXCEEDED, `the server was not ready within ${timeoutMs} ms${why}`, cause));
          });
        }
        this.#connect();
      });
    } catch (error) {
      // Made anew here, so that the caller's stack is in it.
      const { code, statusMessage, cause } = RpcError.from(error, Code.UNAVAILABLE);
      throw this.#error(code, statusMessage, cause);
    } finally {
      timer?.clear();
      abortListener?.remove();
      if (waiter !== undefined) this.#readyWaiters.delete(waiter);
      this.#waitersLeft();
    }
  }

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    const { graceMs = 0 } = options;
    checkGrace('graceMs', graceMs);
    this.#closed ??= this.#close();
    const ends = performance.now() + graceMs;
    if (this.#transports.size > 0 && ends < this.#graceEnds) {
      this.#graceEnds = ends;
      clearTimeout(this.#graceTimer);
      if (graceMs > 0) this.#graceTimer = setTimeout(() => this.#closeTransports(), Math.min(graceMs, LONGEST_TIMER));
      else this.#closeTransports();
    }
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Prints as `Channel { address: 'unix-abstract:podinfo', state: 'ready' }`. */
  [inspect.custom](depth: number, options: InspectOptions): string {
    const { address, state } = this;
    return `Channel ${inspect({ address, state }, { ...options, depth })}`;
  }

  // ---------------------------------------------------------------------------------------------- ClientCallOwner

  place(call: WaitingCall): void {
    if (this.#state === 'shutdown') return call.fail(this.#closedError());
    const transport = this.#current;
    if (transport?.connection.usable) {
      if (this.#waiting.size === 0 && transport.connection.hasCapacity) return this.#begin(call, transport);
      this.#waiting.add(call);
      return;
    }
    this.#waiting.add(call);
    this.#connect();
  }

  withdraw(call: WaitingCall): void {
    this.#waiting.delete(call);
    this.#waitersLeft();
  }

  describeWait(): string {
    if (this.#state === 'ready') return 'as many calls were open as the server allows';
    const error = this.#lastError;
    const why = error instanceof RpcError ? `: ${error.statusMessage}` : '';
    return `there was no connection to the server${why}`;
  }

  callStarted(method: string): ChannelCallStart | undefined {
    this.#counters.callsStarted++;
    if (!isObserved(channelEvents)) return undefined;
    const call: ChannelCallStart = { method, address: this.address, startedAt: performance.now() };
    channelEvents.callStart.publish(call);
    return call;
  }

  callRetried(): void {
    this.#counters.transparentRetries++;
  }

  callEnded(call: ChannelCallStart | undefined, code: Code, message: string): void {
    this.#counters.callEnded(code);
    if (call !== undefined) publishEnd(channelEvents, call, code, message);
  }

  // --------------------------------------------------------------------------------------------------- connection

  #setState(state: ChannelState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const changed of [...this.#stateWatchers]) changed();
  }

  /** Starts an attempt, for somebody who waits, unless one is under way. */
  #connect(): void {
    // The 31 bits of stream identifiers are used up: the next call needs another connection.
    if (this.#current?.connection.usable === false) this.#retire(this.#current);
    this.#handshaking?.setReferenced(true);
    if (this.#state === 'connecting' || this.#state === 'ready' || this.#state === 'shutdown') return;
    clearTimeout(this.#retryTimer);
    this.#counters.connectAttempts++;
    this.#attempts++;
    this.#setState('connecting');
    const { connecting } = channelEvents;
    if (connecting.hasSubscribers) connecting.publish({ address: this.address, attempt: this.#attempts });
    void this.#attempt();
  }

  async #attempt(): Promise<void> {
    try {
      const { stream, peer } = await this.#connector(this.#closing.signal);
      if (this.#closing.signal.aborted) return stream.destroy();
      this.#handshake(stream, peer);
    } catch (error) {
      this.#connectFailed(error);
    }
  }

  #handshake(stream: ConstructorParameters<typeof Transport>[0], peer: Peer): void {
    let refusal: RpcError | undefined;
    let farewell = false;
    let connected = false;
    const transport: Transport = new Transport(
      stream,
      { role: 'client', limits: this.limits, keepalive: this.#keepalive },
      {
        onReady: () => {
          // A server that turns us away says so right behind its SETTINGS, in the same write.
          queueMicrotask(() => {
            if (this.#handshaking !== transport) return;
            connected = true;
            this.#becameReady(transport, peer);
          });
        },
        onCapacity: () => this.#placeWaiting(transport),
        onGoaway: (errorCode, debugData) => {
          if (errorCode === ErrorCode.INADEQUATE_SECURITY) {
            refusal = this.#error(Code.PERMISSION_DENIED, `the server refused this process: ${debugData}`);
          } else if (errorCode === ErrorCode.ENHANCE_YOUR_CALM) {
            refusal = this.#error(Code.UNAVAILABLE, `the server has no place for this process: ${debugData}`);
          }
          farewell = true;
          this.#counters.goawaysReceived++;
          const { goaway } = channelEvents;
          if (goaway.hasSubscribers) goaway.publish({ address: this.address, peer, errorCode, reason: debugData });
          this.#retire(transport);
        },
        onEnd: (error) => {
          if (connected) this.#disconnected(peer, connectionEnd('client', error, farewell));
          this.#retire(transport);
          if (this.#handshaking === transport) {
            this.#handshaking = undefined;
            this.#connectFailed(refusal ?? this.#handshakeFailed(error));
          }
        },
        onClosed: () => {
          this.#transports.delete(transport);
          if (this.#transports.size === 0) this.#allClosed?.();
        },
      },
    );
    this.#handshaking = transport;
    this.#transports.add(transport);
    transport.start();
    this.#waitersLeft();
  }

  #handshakeFailed(error: ConnectionError | undefined): RpcError {
    if (error !== undefined && !(error.remote && error.errorCode === ErrorCode.NO_ERROR)) {
      return this.#error(Code.UNAVAILABLE, `no HTTP/2 handshake: ${error.message}`, error);
    }
    const cause = error?.cause;
    const how = cause instanceof Error ? ` (${cause.message})` : '';
    return this.#error(Code.UNAVAILABLE, `the server ended the connection before its HTTP/2 handshake${how}`, cause);
  }

  #becameReady(transport: Transport, peer: Peer): void {
    this.#handshaking = undefined;
    this.#current = transport;
    this.#peer = peer;
    this.#lastError = undefined;
    this.#backoff.reset();
    this.#attempts = 0;
    this.#counters.connected++;
    this.#setState('ready');
    if (channelEvents.connected.hasSubscribers) channelEvents.connected.publish({ address: this.address, peer });
    for (const { resolve } of [...this.#readyWaiters]) resolve();
    this.#placeWaiting(transport);
  }

  #disconnected(peer: Peer, end: ConnectionEnd): void {
    this.#counters.disconnected++;
    if (end.error !== undefined) this.#counters.lost++;
    const { disconnected } = channelEvents;
    if (disconnected.hasSubscribers) disconnected.publish({ address: this.address, peer, ...end });
  }

  #connectFailed(error: unknown): void {
    if (this.#state !== 'connecting') return;
    this.#lastError = error;
    this.#counters.connectFailed++;
    this.#setState('transient-failure');
    // Neither side changes its mind about the other by waiting.
    const hopeless = error instanceof RpcError && error.code !== Code.UNAVAILABLE;
    for (const call of [...this.#waiting]) if (hopeless || !call.waitForReady) call.fail(error);
    if (hopeless) {
      for (const { reject } of this.#readyWaiters) reject(error);
      this.#readyWaiters.clear();
    }
    const wait = this.#backoff.next();
    if (this.#isWanted) this.#retryTimer = setTimeout(() => this.#connect(), wait);
    const { connectFailed } = channelEvents;
    if (connectFailed.hasSubscribers) {
      const retryInMs = this.#isWanted ? wait : undefined;
      connectFailed.publish({ address: this.address, error, attempt: this.#attempts, retryInMs });
    }
  }

  /** Somebody waits for a connection. */
  get #isWanted(): boolean {
    return this.#waiting.size > 0 || this.#readyWaiters.size > 0;
  }

  /** When nobody waits any more, nothing is tried again, and an attempt that is under way does not keep the process alive. */
  #waitersLeft(): void {
    if (this.#isWanted) return;
    clearTimeout(this.#retryTimer);
    this.#handshaking?.setReferenced(false);
  }

  /** Takes no more calls on a connection; those that are open there go on. */
  #retire(transport: Transport): void {
    if (this.#current !== transport) return;
    this.#current = undefined;
    if (this.#state !== 'ready') return;
    this.#setState('idle');
    if (this.#waiting.size > 0) this.#connect();
  }

  #begin(call: WaitingCall, transport: Transport): void {
    transport.setReferenced(true);
    try {
      call.begin(transport);
    } catch (error) {
      // What cannot be sent is the fault of one call, not of those that wait behind it.
      call.fail(error);
    }
  }

  #placeWaiting(transport: Transport): void {
    if (transport === this.#current) {
      for (const call of this.#waiting) {
        if (!transport.connection.usable || !transport.connection.hasCapacity) break;
        this.#waiting.delete(call);
        this.#begin(call, transport);
      }
      if (!transport.connection.usable) this.#retire(transport);
    }
    if (transport.idle) transport.setReferenced(false);
    this.#closeIfIdle(transport);
  }

  /** A connection that takes no new calls is of no use after its last one. */
  #closeIfIdle(transport: Transport): void {
    if (transport === this.#current || transport === this.#handshaking || !transport.idle) return;
    transport.close(ErrorCode.NO_ERROR, '');
  }

  async #close(): Promise<void> {
    this.#setState('shutdown');
    this.#closing.abort();
    clearTimeout(this.#retryTimer);
    this.#current = this.#handshaking = undefined;
    for (const call of [...this.#waiting]) call.fail(this.#closedError());
    for (const { reject } of this.#readyWaiters) reject(this.#closedError());
    for (const transport of [...this.#transports]) this.#closeIfIdle(transport);
    if (this.#transports.size > 0) {
      await new Promise<void>((resolve) => {
        this.#allClosed = resolve;
      });
    }
    clearTimeout(this.#graceTimer);
    if (channelEvents.closed.hasSubscribers) channelEvents.closed.publish({ address: this.address });
  }

  #closeTransports(): void {
    for (const transport of [...this.#transports]) transport.close(ErrorCode.NO_ERROR, 'the channel was closed');
  }

  #closedError(): RpcError {
    return this.#error(Code.UNAVAILABLE, 'the channel is closed');
  }

  #error(code: Code, message: string, cause?: unknown): RpcError {
    const options = { endpoint: this.address };
    return new RpcError(code, message, cause === undefined ? options : { ...options, cause });
  }
}
