import { type InspectOptions, inspect } from 'node:util';
import type { Endpoint } from '../endpoint/endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import type { SocketCounts, SocketListener } from '../socket/socket-listener.js';
import type { RequestCounters, RequestCounts } from './request-counters.js';

/** What happened at a listener since it began. Every number only grows; `accepted` without `disconnected` is what is open. */
export interface ListenerCounters extends SocketCounts, RequestCounts {}

/** An address on which a server takes connections. */
export class ServerListener implements AsyncDisposable {
  readonly #socketListener: SocketListener;
  readonly #requests: RequestCounters;
  readonly #onClosed: () => void;

  constructor(socketListener: SocketListener, requests: RequestCounters, onClosed: () => void) {
    this.#socketListener = socketListener;
    this.#requests = requests;
    this.#onClosed = onClosed;
  }

  get endpoint(): Endpoint {
    return this.#socketListener.endpoint;
  }

  /** The endpoint in its canonical spelling: what clients dial. */
  get address(): string {
    return printEndpoint(this.endpoint);
  }

  /** What happened here since the start, as of now: a copy. */
  get counters(): ListenerCounters {
    return { ...this.#socketListener.counters, ...this.#requests };
  }

  /** Connections through this listener that are open now. */
  get connectionCount(): number {
    return this.#socketListener.connectionCount;
  }

  /** Stops taking connections and frees the address; open connections go on. */
  async close(): Promise<void> {
    await this.#socketListener.close();
    this.#onClosed();
  }

  /** Whether the listener keeps the process alive; it does at first. */
  setReferenced(referenced: boolean): void {
    if (referenced) this.#socketListener.ref();
    else this.#socketListener.unref();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Prints as `ServerListener { address: 'unix-abstract:podinfo' }`. */
  [inspect.custom](depth: number, options: InspectOptions): string {
    return `ServerListener ${inspect({ address: this.address }, { ...options, depth })}`;
  }
}
