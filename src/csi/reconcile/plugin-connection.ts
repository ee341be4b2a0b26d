import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff, type BackoffOptions } from '../../client/backoff.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { type ConnectPluginOptions, connectPlugin } from '../controller/connect-plugin.js';
import type { ConnectedPlugin } from '../controller/connected-plugin.js';

export interface PluginConnectionHooks {
  /** The plugin can be called, for the first time or again. What it throws is a failure of this plugin. */
  onReady(plugin: ConnectedPlugin): Promise<void>;
  onLost(reason: string): void;
  /** Somebody is there who cannot be used; it is tried again after `retryMs`. */
  onFailed(error: Error, retryMs: number): void;
}

/** A plugin that is looked for again whatever happens to it, until this is closed. */
export class PluginConnection {
  readonly #endpoint: string | Endpoint | undefined;
  readonly #options: ConnectPluginOptions;
  readonly #hooks: PluginConnectionHooks;
  readonly #closing = new AbortController();
  readonly #backoff: BackoffOptions;
  readonly #running: Promise<void>;
  #plugin: ConnectedPlugin | undefined;

  constructor(
    endpoint: string | Endpoint | undefined,
    options: ConnectPluginOptions,
    backoff: BackoffOptions,
    hooks: PluginConnectionHooks,
  ) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#hooks = hooks;
    this.#backoff = backoff;
    this.#running = this.#run();
  }

  /** The plugin, when it can be called now. */
  get plugin(): ConnectedPlugin | undefined {
    return this.#plugin?.state === 'ready' ? this.#plugin : undefined;
  }

  /** Open calls fail. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    const backoff = new Backoff(this.#backoff);
    while (!signal.aborted) {
      try {
        await this.#use(signal, () => backoff.reset());
      } catch (error) {
        if (signal.aborted) return;
        const retryMs = backoff.next();
        this.#hooks.onFailed(error as Error, Math.round(retryMs));
        await sleep(retryMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** Connects, and follows the plugin through its losses. Rejects when it cannot be used any more. */
  async #use(signal: AbortSignal, onReady: () => void): Promise<void> {
    let lost = deferred();
    let fail: (error: Error) => void = () => {};
    const failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    failed.catch(() => {});
    const plugin = await connectPlugin(this.#endpoint, {
      ...this.#options,
      timeoutMs: 0,
      signal,
      onConnectionLost: ({ reason }) => {
        this.#hooks.onLost(reason);
        lost.resolve();
        return 'reconnect';
      },
      onFailed: (error) => fail(error),
    });
    const closed = () => fail(new Error('the controller was closed'));
    signal.addEventListener('abort', closed);
    try {
      this.#plugin = plugin;
      for (;;) {
        if (signal.aborted) return;
        await Promise.race([this.#hooks.onReady(plugin), failed]);
        onReady();
        await Promise.race([lost.promise, failed]);
        lost = deferred();
        await Promise.race([plugin.ready({ signal }), failed]);
      }
    } finally {
      signal.removeEventListener('abort', closed);
      this.#plugin = undefined;
      await plugin.close();
    }
  }
}

function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}
