import { chmodSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { parseEndpoint } from '../../endpoint/parse-endpoint.js';
import { checkOptionNames, type OptionNames } from '../../options/check-option-names.js';
import { probePlugin } from './probe-plugin.js';
import { removeStaleSocket } from './remove-stale-socket.js';

/** A `Registry` of prom-client, or several merged. */
export interface MetricsSource {
  readonly contentType: string;
  metrics(): Promise<string>;
}

export interface ServeHttpOptions {
  /** TCP port; 0 takes a free one. livenessprobe's is 9808. Either this or `path`. */
  readonly port?: number;
  /** Default 127.0.0.1; a kubelet that probes the pod needs the pod's own address or 0.0.0.0. */
  readonly host?: string;
  /** A Unix socket (mode 0600) in place of a port. */
  readonly path?: string;
  /** The endpoint of the plugin, which is dialed anew for each probe. */
  readonly probe: string | Endpoint;
  /** How long a probe may take, in milliseconds. Default 3,000. */
  readonly probeTimeoutMs?: number;
  /** For `/metrics`; without it that is not found. */
  readonly registry?: MetricsSource;
  /** For `/readyz`. Default: as `/healthz`. */
  readonly ready?: () => boolean | Promise<boolean>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

type Route = () => Answer | Promise<Answer>;

const TEXT = 'text/plain; charset=utf-8';
/** A request without a body takes no longer, or its sender holds a connection for nothing. */
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 100;

/** Where a plugin is looked at. Made by `serveHttp`. */
export class HttpEndpoint implements AsyncDisposable {
  readonly #server: Server;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(options: ServeHttpOptions) {
    const { registry, ready } = options;
    const healthz = sharedWhileRunning(() => health(options, this.#closing.signal));
    const routes = new Map<string, Route>([
      ['/healthz', healthz],
      ['/readyz', ready === undefined ? healthz : () => readiness(ready)],
    ]);
    if (registry !== undefined) {
      routes.set('/metrics', async () => ({ status: 200, body: await registry.metrics(), type: registry.contentType }));
    }
    this.#routes = routes;
    this.#server = createServer(
      { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 5_000 },
      (request, response) => void this.#answer(request, response),
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** The port, or undefined on a Unix socket. */
  get port(): number | undefined {
    const address = this.#server.address();
    return typeof address === 'object' ? (address as AddressInfo | null)?.port : undefined;
  }

  /** Listens. Called once, by `serveHttp`. */
  async open({ port, host = '127.0.0.1', path }: ServeHttpOptions): Promise<void> {
    if (path === undefined) return this.#listen({ port, host });
    await removeStaleSocket(path);
    await this.#listen({ path });
    chmodSync(path, 0o600);
  }

  /** Stops listening and ends every connection. Resolves when all are closed. */
  close(): Promise<void> {
    this.#closing.abort();
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #listen(address: { port?: number | undefined; host?: string; path?: string }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(address, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const { status, body, type = TEXT } = await this.#find(request);
    const bytes = Buffer.from(body);
    if (status === 405) response.setHeader('allow', 'GET, HEAD');
    response.writeHead(status, {
      'content-type': type,
      'content-length': bytes.length,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  }

  async #find({ method, url = '' }: IncomingMessage): Promise<Answer> {
    const route = this.#routes.get(url.split('?', 1)[0]!);
    if (route === undefined) return { status: 404, body: `there is ${[...this.#routes.keys()].join(', ')}\n` };
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'GET or HEAD\n' };
    try {
      return await route();
    } catch (error) {
      return { status: 500, body: `${messageOf(error)}\n` };
    }
  }
}

/**
 * Serves what Kubernetes and Prometheus ask of a plugin, over HTTP on a port of the loopback interface or a Unix socket:
 *
 * - `/healthz`, as livenessprobe does: 200 when the plugin answers `Probe` over a connection of its own and is ready, else
 *   500 with the reason;
 * - `/readyz`: 200, or 503 when it is not ready;
 * - `/metrics`: those of the registry.
 *
 * Requests for health that come while a probe runs get its answer. Rejects with Node's error when the address cannot be had;
 * TypeError for options that do not fit.
 */
export async function serveHttp(options: ServeHttpOptions): Promise<HttpEndpoint> {
  checkOptions(options);
  const endpoint = new HttpEndpoint(options);
  try {
    await endpoint.open(options);
  } catch (error) {
    await endpoint.close();
    throw error;
  }
  return endpoint;
}

const serveHttpOptionNames: OptionNames<ServeHttpOptions> = {
  port: true,
  host: true,
  path: true,
  probe: true,
  probeTimeoutMs: true,
  registry: true,
  ready: true,
};

function checkOptions(options: ServeHttpOptions): void {
  checkOptionNames('serveHttp', options, serveHttpOptionNames);
  const { port, host, path, probe, probeTimeoutMs = 1, registry, ready } = options;
  if ((port === undefined) === (path === undefined)) {
    throw new TypeError('serveHttp takes either a port or a path: { port: 9808, probe: "unix:///run/csi/socket" }');
  }
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw new RangeError(`port is ${String(port)}; it must be a whole number from 0 to 65535`);
  }
  for (const [name, text] of Object.entries({ host, path })) {
    if (text !== undefined && (typeof text !== 'string' || text === '')) {
      throw new TypeError(`${name} is ${JSON.stringify(text)}; it must be a text`);
    }
  }
  if (host !== undefined && path !== undefined) throw new TypeError('host goes with a port; a path is on this machine');
  parseEndpoint(probe);
  if (typeof probeTimeoutMs !== 'number' || !(probeTimeoutMs > 0)) {
    throw new RangeError(`probeTimeoutMs is ${String(probeTimeoutMs)}; it must be a number more than 0`);
  }
  if (registry !== undefined && typeof registry?.metrics !== 'function') {
    throw new TypeError('registry must be a Registry of prom-client');
  }
  if (ready !== undefined && typeof ready !== 'function') {
    throw new TypeError('ready must be a function that says whether the plugin is');
  }
}

async function health({ probe, probeTimeoutMs }: ServeHttpOptions, signal: AbortSignal): Promise<Answer> {
  try {
    await probePlugin(probe, { signal, timeoutMs: probeTimeoutMs });
    return { status: 200, body: 'ok\n' };
  } catch (error) {
    return { status: 500, body: `${messageOf(error)}\n` };
  }
}

async function readiness(ready: () => boolean | Promise<boolean>): Promise<Answer> {
  try {
    return (await ready()) ? { status: 200, body: 'ok\n' } : { status: 503, body: 'not ready\n' };
  } catch (error) {
    return { status: 503, body: `${messageOf(error)}\n` };
  }
}

/** The result of one run for all who ask during it. */
function sharedWhileRunning<Result>(run: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<Result> | undefined;
  return () => {
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
