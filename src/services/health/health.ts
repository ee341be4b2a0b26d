import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Status,
} from '../../../gen/grpc/health/v1/health.js';
import { Code } from '../../rpc/code.js';
import { RpcError } from '../../rpc/rpc-error.js';
import type { ServerContext } from '../../server/server-context.js';

/** What a service can say of itself; SERVICE_UNKNOWN is for those that said nothing. */
export type ServingStatus = 'SERVING' | 'NOT_SERVING' | 'UNKNOWN';

/** What `List` answers at most; the same as in grpc-go. */
const LIST_LIMIT = 100;

/** The statuses of a server's services, and the handlers of `grpc.health.v1.Health` that report them. */
export class Health {
  readonly #statuses = new Map<string, ServingStatus>([['', 'SERVING']]);
  /** Wake the watchers that wait, by service. */
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #stopping: AbortSignal;

  constructor(stopping: AbortSignal) {
    this.#stopping = stopping;
    if (stopping.aborted) this.#stop();
    else stopping.addEventListener('abort', () => this.#stop(), { once: true });
  }

  /**
   * Sets the status of a service by its full name (`csi.v1.Identity`), of the server as a whole by `''`. Ignored when the
   * server shuts down.
   *
   * @throws TypeError for another status
   */
  set(service: string, status: ServingStatus): void {
    if (status !== 'SERVING' && status !== 'NOT_SERVING' && status !== 'UNKNOWN') {
      throw new TypeError(`a service is 'SERVING', 'NOT_SERVING' or 'UNKNOWN', not ${JSON.stringify(status)}`);
    }
    if (this.#stopping.aborted) return;
    this.#statuses.set(service, status);
    this.#wake(service);
  }

  /** Forgets a service: it is unknown then. Ignored when the server shuts down. */
  delete(service: string): void {
    if (this.#stopping.aborted) return;
    this.#statuses.delete(service);
    this.#wake(service);
  }

  /** The status of a service; undefined when it has none. */
  get(service: string): ServingStatus | undefined {
    return this.#statuses.get(service);
  }

  // ------------------------------------------------------------------------------------------------------ handlers

  async check({ service }: HealthCheckRequest): Promise<HealthCheckResponse> {
    const status = this.#statuses.get(service);
    if (status === undefined) {
      throw new RpcError(Code.NOT_FOUND, `the health of the service ${JSON.stringify(service)} is not known here`);
    }
    return { status: Status[status] };
  }

  async list(): Promise<{ statuses: { [service: string]: HealthCheckResponse } }> {
    if (this.#statuses.size > LIST_LIMIT) {
      const message = `${this.#statuses.size} services are more than the ${LIST_LIMIT} that can be listed; check them one by one`;
      throw new RpcError(Code.RESOURCE_EXHAUSTED, message);
    }
    const statuses = [...this.#statuses].map(([service, status]) => [service, { status: Status[status] }] as const);
    return { statuses: Object.fromEntries(statuses) };
  }

  async *watch(
    { service }: HealthCheckRequest,
    { signal }: Pick<ServerContext, 'signal'>,
  ): AsyncGenerator<HealthCheckResponse, void> {
    let sent: Status | undefined;
    while (!signal.aborted) {
      const status = Status[this.#statuses.get(service) ?? 'SERVICE_UNKNOWN'];
      // Resumed when the message is on its way: whatever changed meanwhile is sent as its last state only.
      if (status !== sent) yield { status: (sent = status) };
      // A watcher must not hold the shutdown until its grace is over.
      else if (this.#stopping.aborted) throw new RpcError(Code.UNAVAILABLE, 'the server is shutting down');
      else await this.#change(service, signal);
    }
  }

  // ------------------------------------------------------------------------------------------------------ watchers

  /** Resolves when the service may have changed, or the watcher is gone. */
  #change(service: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let watchers = this.#watchers.get(service);
      if (watchers === undefined) this.#watchers.set(service, (watchers = new Set()));
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        watchers.delete(wake);
        if (watchers.size === 0 && this.#watchers.get(service) === watchers) this.#watchers.delete(service);
        resolve();
      };
      watchers.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  #wake(service: string): void {
    for (const wake of [...(this.#watchers.get(service) ?? [])]) wake();
  }

  #stop(): void {
    for (const service of this.#statuses.keys()) this.#statuses.set(service, 'NOT_SERVING');
    for (const service of [...this.#watchers.keys()]) this.#wake(service);
  }
}
