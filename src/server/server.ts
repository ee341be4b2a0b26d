import { setMaxListeners } from 'node:events';
import { inspect } from 'node:util';
import type { Endpoint } from '../endpoint/endpoint.js';
import { parseEndpoint } from '../endpoint/parse-endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import { checkOptionNames, type OptionNames } from '../options/check-option-names.js';
import { checkInterceptors } from '../rpc/check-interceptors.js';
import type { CompiledMethod } from '../rpc/compile-service.js';
import { isServiceDefinition } from '../rpc/is-service-definition.js';
import type { ServiceDefinition } from '../rpc/service-definition.js';
import type { ListenOptions } from '../socket/listen-options.js';
import { checkGrace } from '../transport/check-grace.js';
import type { Connection } from '../transport/connector.js';
import { checkKeepalive, type KeepaliveOptions } from '../transport/keepalive.js';
import { defaultServerLimits, resolveServerLimits, type ServerLimits } from '../transport/limits.js';
import { LONGEST_TIMER } from '../transport/longest-timer.js';
import { acceptSockets } from '../transport/socket-acceptor.js';
import { type MethodHandler, methodHandlers } from './method-handler.js';
import { RequestCounters } from './request-counters.js';
import { ServerConnection, type ServerConnectionOptions } from './server-connection.js';
import type { ServerInterceptor } from './server-interceptor.js';
import { ServerListener } from './server-listener.js';
import type { ServiceImplementation } from './service-implementation.js';
import { ShutdownSignals } from './shutdown-signals.js';

export interface ServerOptions {
  /** Around the handlers of all services, the first one outermost. Default: none. */
  readonly interceptors?: readonly ServerInterceptor[];
  /** What each client is allowed; see the table of defaults. */
  readonly limits?: Partial<ServerLimits>;
  /** Pings to clients that are silent. Default: off. */
  readonly keepalive?: KeepaliveOptions;
  /** Compresses responses for callers that accept it; a handler can choose otherwise. Default: `identity`, for a local socket is faster than gzip. */
  readonly compression?: 'identity' | 'gzip';
  /** Shuts the server down on these signals; a second one ends the process at once. Default: none; `true` means SIGTERM and SIGINT. */
  readonly shutdownOn?: boolean | readonly NodeJS.Signals[];
  /** How long open calls may go on after `shutdown` began, in milliseconds. Default 10,000. */
  readonly shutdownGraceMs?: number;
  /** Gets what handlers throw besides RpcError; callers learn only that the call failed. Default: prints it to standard error. */
  readonly onHandlerError?: (error: unknown, method: CompiledMethod) => void;
}

const serverOptionNames: OptionNames<ServerOptions> = {
  interceptors: true,
  limits: defaultServerLimits,
  keepalive: true,
  compression: true,
  shutdownOn: true,
  shutdownGraceMs: true,
  onHandlerError: true,
};

export interface AddOptions {
  /** Inside those of the server, the first one outermost. Default: none. */
  readonly interceptors?: readonly ServerInterceptor[];
}

const addOptionNames: OptionNames<AddOptions> = { interceptors: true };

export interface ShutdownOptions {
  /** How long open calls may go on, in milliseconds. Default: `shutdownGraceMs` of the server, 10,000. */
  readonly graceMs?: number;
}

/** Services that are called over Unix sockets. Made by `createServer`. */
export class Server implements AsyncDisposable {
  readonly #options: ServerOptions;
  readonly #handlers = new Map<string, MethodHandler>();
  readonly #services = new Map<string, ServiceDefinition>();
  readonly #listeners = new Set<ServerListener>();
  readonly #connections = new Set<ServerConnection>();
  readonly #connectionOptions: ServerConnectionOptions;
  readonly #stopping = new AbortController();
  readonly #signals: ShutdownSignals | undefined;
  readonly #closed = settleable();
  #shutdown: Promise<void> | undefined;
  #graceTimer: NodeJS.Timeout | undefined;
  #graceEnds = Number.POSITIVE_INFINITY;
  #allClosed: (() => void) | undefined;

  constructor(options: ServerOptions = {}) {
    checkOptionNames('a server', options, serverOptionNames);
    this.#options = options;
    if (options.interceptors !== undefined) checkInterceptors(options.interceptors);
    if (options.keepalive !== undefined) checkKeepalive(options.keepalive);
    checkGrace('shutdownGraceMs', options.shutdownGraceMs ?? 0);
    // Handlers without number may listen for it.
    setMaxListeners(0, this.#stopping.signal);
    this.#connectionOptions = {
      limits: resolveServerLimits(options.limits),
      keepalive: options.keepalive,
      compression: options.compression ?? 'identity',
      handlers: this.#handlers,
      onHandlerError: options.onHandlerError ?? printHandlerError,
      stopping: this.#stopping.signal,
      onClosed: (connection) => {
        this.#connections.delete(connection);
        if (this.#connections.size === 0) this.#allClosed?.();
      },
    };
    const { shutdownOn = false } = options;
    if (shutdownOn !== false) {
      const names = shutdownOn === true ? (['SIGTERM', 'SIGINT'] as const) : shutdownOn;
      this.#signals = new ShutdownSignals(names, () => this.shutdown());
    }
  }

  /** The services that were added, by full name. */
  get services(): ReadonlyMap<string, ServiceDefinition> {
    return this.#services;
  }

  /** Aborted when `shutdown` begins. Handlers find it in their context. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Resolves when `shutdown`, whoever called it, is done. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Clients that are connected now. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /**
   * Adds a service: one function for each method of its generated definition.
   *
   * @throws TypeError when a method is missing, a handler is of no method, or the service was added before.
   */
  add<Definition extends ServiceDefinition>(
    definition: Definition,
    // Not inferred from, so that what handlers return and yield is typed by the definition.
    implementation: NoInfer<ServiceImplementation<Definition>>,
    options: AddOptions = {},
  ): this {
    return this.#add(definition, implementation, options, false);
  }

  /**
   * Adds a service of which only some methods are offered; the others answer UNIMPLEMENTED.
   *
   * @throws TypeError when a handler is of no method, or the service was added before.
   */
  addPartial<Definition extends ServiceDefinition>(
    definition: Definition,
    implementation: NoInfer<Partial<ServiceImplementation<Definition>>>,
    options: AddOptions = {},
  ): this {
    return this.#add(definition, implementation, options, true);
  }

  /**
   * Listens on an endpoint; a server may listen on several.
   *
   * Rejects with EndpointError for a spelling that is not clear, SocketError when the address cannot be had (`EADDRINUSE`,
   * `ENOENT`, `EACCES`) or needs a policy (`ERR_PODWIRE_POLICY_REQUIRED`), Error after `shutdown`.
   */
  async listen(endpoint: string | Endpoint, options: ListenOptions = {}): Promise<ServerListener> {
    if (this.#stopping.signal.aborted) {
      throw new Error(`the server is shut down and cannot listen on ${describe(endpoint)}; make another one`);
    }
    const { limits } = this.#connectionOptions;
    const requests = new RequestCounters();
    const socketListener = await acceptSockets(parseEndpoint(endpoint), options, limits, {
      onConnection: (connection) => this.#serve(connection, requests),
      onError: (error) => process.emitWarning(`accepting on ${describe(endpoint)} failed: ${error.message}`),
    });
    const listener = new ServerListener(socketListener, requests, () => this.#listeners.delete(listener));
    this.#listeners.add(listener);
    if (this.#stopping.signal.aborted) {
      await listener.close();
      throw new Error(`the server was shut down before it listened on ${describe(endpoint)}; make another one`);
    }
    return listener;
  }

  /** Serves one byte stream that is connected already. */
  serve(connection: Connection): void {
    this.#serve(connection, new RequestCounters());
  }

  /**
   * Stops listening, lets open calls finish for `graceMs`, then ends them with UNAVAILABLE. Clients are told with a
   * two-phase GOAWAY, so that no call is lost unseen. Resolves when every connection is closed, which may take a second
   * more for a client that does not read. Called again, a shorter grace counts.
   *
   * @throws RangeError for a grace that is no time.
   */
  shutdown(options: ShutdownOptions = {}): Promise<void> {
    const { graceMs = this.#options.shutdownGraceMs ?? 10_000 } = options;
    checkGrace('graceMs', graceMs);
    const ends = performance.now() + graceMs;
    if (ends < this.#graceEnds) {
      this.#graceEnds = ends;
      clearTimeout(this.#graceTimer);
      this.#graceTimer = setTimeout(() => this.#graceOver(), Math.min(graceMs, LONGEST_TIMER));
    }
    this.#shutdown ??= this.#shutDown();
    return this.#shutdown;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  #serve(connection: Connection, requests: RequestCounters): void {
    if (this.#stopping.signal.aborted) connection.stream.destroy();
    else this.#connections.add(new ServerConnection(connection, this.#connectionOptions, requests));
  }

  #add(definition: ServiceDefinition, implementation: object, options: AddOptions, partial: boolean): this {
    if (!isServiceDefinition(definition) || typeof implementation !== 'object' || implementation === null) {
      const name = partial ? 'addPartial' : 'add';
      const example = `server.${name}(SettingsDefinition, { ... })`;
      throw new TypeError(`${name} takes a definition and an implementation: ${example}`);
    }
    checkOptionNames('an added service', options, addOptionNames);
    if (options.interceptors !== undefined) checkInterceptors(options.interceptors);
    if (this.#services.has(definition.fullName)) {
      throw new TypeError(`the service ${definition.fullName} was added before`);
    }
    const interceptors = [...(this.#options.interceptors ?? []), ...(options.interceptors ?? [])];
    for (const handler of methodHandlers(definition, implementation as never, interceptors, partial)) {
      this.#handlers.set(handler.method.path, handler);
    }
    this.#services.set(definition.fullName, definition);
    return this;
  }

  async #shutDown(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#listeners].map((listener) => listener.close()));
    if (this.#connections.size > 0) {
      const allClosed = new Promise<void>((resolve) => {
        this.#allClosed = resolve;
      });
      for (const connection of this.#connections) connection.drain();
      await allClosed;
    }
    clearTimeout(this.#graceTimer);
    this.#graceEnds = Number.NEGATIVE_INFINITY;
    this.#signals?.release();
    this.#closed.resolve();
  }

  #graceOver(): void {
    for (const connection of [...this.#connections]) connection.close();
  }
}

/** Makes a server; add services to it, then listen. */
export function createServer(options?: ServerOptions): Server {
  return new Server(options);
}

function settleable(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function describe(endpoint: string | Endpoint): string {
  return typeof endpoint === 'string' ? endpoint : printEndpoint(endpoint);
}

function printHandlerError(error: unknown, method: CompiledMethod): void {
  console.error(`podwire: the handler of ${method.fullName} failed: ${inspect(error)}`);
}
