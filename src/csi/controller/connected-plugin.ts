import { setTimeout as sleep } from 'node:timers/promises';
import {
  ControllerDefinition,
  GroupControllerDefinition,
  IdentityDefinition,
  NodeDefinition,
  type NodeGetInfoResponse,
  SnapshotMetadataDefinition,
} from '../../../gen/csi/v1/csi.js';
import { Backoff } from '../../client/backoff.js';
import type { CallOptions } from '../../client/call-options.js';
import { checkSignal } from '../../client/check-signal.js';
import type { Client } from '../../client/client.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { Code } from '../../rpc/code.js';
import type { CompiledMethod } from '../../rpc/compile-service.js';
import { RpcError } from '../../rpc/rpc-error.js';
import type { ServiceDefinition } from '../../rpc/service-definition.js';
import type { PluginCapabilities } from '../plugin/plugin-capabilities.js';
import type { ConnectPluginLogger, ConnectPluginOptions } from './connect-plugin.js';
import type { ConnectionLoss, ConnectionLossAction } from './connection-loss.js';
import { discoverPlugin, type PluginDescription } from './discover-plugin.js';
import { exitOnLoss } from './exit-on-loss.js';
import { LocalRules } from './local-rules.js';
import { pluginClient } from './plugin-client.js';
import { PluginLink } from './plugin-link.js';
import { probeUntilReady } from './probe-until-ready.js';

/** `failed`: it will not come back; `connectPlugin` makes a new one. */
export type ConnectedPluginState = 'ready' | 'reconnecting' | 'failed' | 'closed';

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

/** A connection on which a plugin was found to be ready and the right one. */
interface Found {
  readonly link: PluginLink;
  readonly description: PluginDescription;
}

const PROGRESS_MS = 10_000;
const PROBE_INTERVAL_MS = 1_000;
const CALL_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 30_000;

const onStandardError: ConnectPluginLogger = {
  info: (_, message) => console.error(`podwire: ${message}`),
  warn: (_, message) => console.error(`podwire: ${message}`),
  error: (_, message) => console.error(`podwire: ${message}`),
};

/**
 * A plugin as its caller has it. Calls that it does not advertise are refused here with UNIMPLEMENTED. While it is
 * reconnecting calls fail with UNAVAILABLE; with `waitForReady` they wait. Made by `connectPlugin`.
 */
export class ConnectedPlugin implements AsyncDisposable {
  readonly identity: Client<IdentityDefinition>;
  readonly controller: Client<ControllerDefinition>;
  readonly groupController: Client<GroupControllerDefinition>;
  readonly snapshotMetadata: Client<SnapshotMetadataDefinition>;
  readonly node: Client<NodeDefinition>;
  readonly #endpoint: string | Endpoint;
  readonly #options: ConnectPluginOptions;
  readonly #logger: ConnectPluginLogger;
  readonly #callTimeoutMs: number;
  readonly #closing = new AbortController();
  readonly #waiters = new Set<Waiter>();
  /** All that are not closed yet: on one that takes no more calls some may go on. */
  readonly #links = new Set<PluginLink>();
  #description!: PluginDescription;
  #rules!: LocalRules;
  #address = '';
  /** Takes calls. */
  #link: PluginLink | undefined;
  #failure: RpcError | undefined;
  #reconnecting: Promise<void> | undefined;

  private constructor(endpoint: string | Endpoint, options: ConnectPluginOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#logger = options.logger ?? onStandardError;
    this.#callTimeoutMs = options.callTimeoutMs ?? CALL_TIMEOUT_MS;
    const client = <Definition extends ServiceDefinition>(definition: Definition) =>
      pluginClient(definition, (method, message, callOptions) => this.#call(definition, method, message, callOptions));
    this.identity = client(IdentityDefinition);
    this.controller = client(ControllerDefinition);
    this.groupController = client(GroupControllerDefinition);
    this.snapshotMetadata = client(SnapshotMetadataDefinition);
    this.node = client(NodeDefinition);
  }

  /** As `connectPlugin`, which has looked at the options. */
  static async connect(endpoint: string | Endpoint, options: ConnectPluginOptions): Promise<ConnectedPlugin> {
    const plugin = new ConnectedPlugin(endpoint, options);
    const { timeoutMs = CONNECT_TIMEOUT_MS, signal = plugin.#closing.signal } = options;
    const deadlineAt = timeoutMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
    plugin.#use(await plugin.#find(deadlineAt, signal));
    return plugin;
  }

  get name(): string {
    return this.#description.name;
  }

  get version(): string {
    return this.#description.version;
  }

  get manifest(): { readonly [key: string]: string } {
    return this.#description.manifest;
  }

  /** What it advertised at the last connection. */
  get capabilities(): PluginCapabilities {
    return this.#description.capabilities;
  }

  /** The plugin's node, with its topology; undefined where it serves no node or cannot tell. */
  get nodeInfo(): NodeGetInfoResponse | undefined {
    return this.#description.nodeInfo;
  }

  /** The endpoint in its canonical spelling. */
  get address(): string {
    return this.#address;
  }

  get state(): ConnectedPluginState {
    if (this.#closing.signal.aborted) return 'closed';
    if (this.#failure !== undefined) return 'failed';
    return this.#link === undefined ? 'reconnecting' : 'ready';
  }

  /**
   * Resolves when calls can be made: at once, or after a reconnection.
   *
   * Rejects with RpcError: DEADLINE_EXCEEDED after `timeoutMs`, CANCELLED by `signal`, UNAVAILABLE when the plugin is closed,
   * and the failure of one that failed.
   */
  async ready(options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {}): Promise<void> {
    const { timeoutMs, signal } = options;
    if (signal !== undefined) checkSignal(signal);
    const { state } = this;
    if (state === 'ready') return;
    if (state !== 'reconnecting') throw this.#unavailable();
    let timer: NodeJS.Timeout | undefined;
    let waiter: Waiter | undefined;
    let cancelled: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        waiter = { resolve, reject };
        this.#waiters.add(waiter);
        cancelled = () => reject(this.#error(Code.CANCELLED, 'waiting for the plugin was cancelled'));
        if (signal?.aborted) return cancelled();
        signal?.addEventListener('abort', cancelled);
        // Node's timers go no further.
        if (timeoutMs === undefined || timeoutMs >= 2 ** 31) return;
        const late = () =>
          reject(this.#error(Code.DEADLINE_EXCEEDED, `the plugin was not back within ${timeoutMs} ms`));
        timer = setTimeout(late, timeoutMs);
      });
    } finally {
      clearTimeout(timer);
      if (cancelled !== undefined) signal?.removeEventListener('abort', cancelled);
      if (waiter !== undefined) this.#waiters.delete(waiter);
    }
  }

  /**
   * Ends the connection: open calls may go on for `graceMs` (default 0: they fail at once). Resolves when it is closed.
   *
   * @throws RangeError for a grace that is no time.
   */
  async close({ graceMs = 0 }: { readonly graceMs?: number } = {}): Promise<void> {
    const closed = [...this.#links].map((link) => link.close(graceMs));
    this.#closing.abort();
    this.#link = undefined;
    this.#settle();
    await Promise.all([...closed, this.#reconnecting]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // ---------------------------------------------------------------------------------------------------------- calls

  async #call(
    definition: ServiceDefinition,
    method: CompiledMethod,
    message: unknown,
    options: CallOptions,
  ): Promise<unknown> {
    this.#rules.check(method, message);
    const began = performance.now();
    let { timeoutMs } = options;
    // A stream may be as long as a volume is large.
    if (timeoutMs === undefined && options.deadline === undefined && !method.responseStream) {
      timeoutMs = this.#callTimeoutMs;
    }
    if (this.#link === undefined && options.waitForReady && this.state === 'reconnecting') {
      await this.#readyFor(timeoutMs, options);
      if (timeoutMs !== undefined) timeoutMs = Math.max(0, timeoutMs - (performance.now() - began));
      // It may be another version of the plugin.
      this.#rules.check(method, message);
    }
    const link = this.#link;
    if (link === undefined) throw this.#unavailable(method);
    const call = link.client(definition)[method.key] as (message: unknown, options: CallOptions) => unknown;
    const sent = timeoutMs === undefined ? options : { ...options, timeoutMs };
    if (method.responseStream) return call(message, sent);
    try {
      return await call(message, sent);
    } catch (error) {
      throw link.lost === undefined ? error : this.#broken(error, link.lost, method);
    }
  }

  /** To the link its end is that of a channel, which would only puzzle. */
  #broken(error: unknown, reason: string, method: CompiledMethod): unknown {
    if (!(error instanceof RpcError) || error.code !== Code.UNAVAILABLE) return error;
    const message = `the connection to the plugin ${this.name} was lost, ${reason}: ${error.statusMessage}`;
    return this.#error(Code.UNAVAILABLE, message, method, error.cause);
  }

  #readyFor(timeoutMs = Number.POSITIVE_INFINITY, { deadline, signal }: CallOptions): Promise<void> {
    const byDeadline = deadline === undefined ? Number.POSITIVE_INFINITY : Number(deadline) - Date.now();
    return this.ready({ timeoutMs: Math.max(0, Math.min(timeoutMs, byDeadline)), ...(signal && { signal }) });
  }

  #unavailable(method?: CompiledMethod): RpcError {
    const { state } = this;
    if (state === 'closed') return this.#error(Code.UNAVAILABLE, 'the plugin was closed', method);
    const failure = this.#failure;
    if (failure !== undefined) return this.#error(failure.code, failure.statusMessage, method, failure.cause);
    const message = `the connection to the plugin ${this.name} was lost, and is not there again yet`;
    return this.#error(Code.UNAVAILABLE, message, method);
  }

  #error(code: Code, message: string, method?: CompiledMethod, cause?: unknown): RpcError {
    return new RpcError(code, message, {
      endpoint: this.#address,
      ...(method !== undefined && { method: method.fullName }),
      ...(cause !== undefined && { cause }),
    });
  }

  // ----------------------------------------------------------------------------------------------------- connection

  /** Waits for a plugin that is ready. One that goes away before it was looked at is waited for again. */
  async #find(deadlineAt: number, signal: AbortSignal, expectedName?: string): Promise<Found> {
    const backoff = new Backoff();
    const began = performance.now();
    for (;;) {
      const link = new PluginLink(this.#endpoint, { ...this.#options.channel, waitForReady: false });
      this.#address = link.channel.address;
      this.#links.add(link);
      try {
        const description = await this.#lookAt(link, began, deadlineAt, signal, expectedName);
        if (link.lost === undefined) return { link, description };
      } catch (error) {
        if (link.lost === undefined || signal.aborted) {
          await this.#discard(link);
          throw error;
        }
      }
      await this.#discard(link);
      try {
        await sleep(backoff.next(), undefined, { signal });
      } catch (error) {
        throw this.#error(Code.CANCELLED, 'waiting for the plugin was cancelled', undefined, error);
      }
    }
  }

  async #lookAt(
    link: PluginLink,
    began: number,
    deadlineAt: number,
    signal: AbortSignal,
    expectedName?: string,
  ): Promise<PluginDescription> {
    const { progressMs = PROGRESS_MS, probeIntervalMs: intervalMs = PROBE_INTERVAL_MS } = this.#options;
    const timeoutMs = this.#callTimeoutMs;
    const onWaiting = (reason: string) => this.#progress(performance.now() - began, reason);
    await link.open({ deadlineAt, signal, onWaiting, progressMs });
    let nextReport = performance.now() + progressMs;
    const onNotReady = (reason: string) => {
      if (performance.now() < nextReport) return;
      nextReport += progressMs;
      onWaiting(reason);
    };
    await probeUntilReady(link.client(IdentityDefinition), { intervalMs, timeoutMs, signal, onNotReady });
    return discoverPlugin(link.channel, { timeoutMs, signal }, expectedName);
  }

  #progress(waitedMs: number, reason: string): void {
    const { onProgress } = this.#options;
    const progress = { address: this.#address, waitedMs: Math.round(waitedMs), reason };
    if (onProgress !== undefined) return onProgress(progress);
    this.#logger.info(progress, `still waiting for the plugin at ${this.#address}: ${reason}`);
  }

  async #discard(link: PluginLink): Promise<void> {
    await link.close();
    this.#links.delete(link);
  }

  #use({ link, description }: Found): void {
    this.#description = description;
    const { checkRequests = true, maxMapBytes = Number.POSITIVE_INFINITY } = this.#options;
    this.#rules = new LocalRules(description, this.#address, { checkRequests, maxMapBytes });
    this.#link = link;
    link.onLost = (reason) => this.#lost(link, reason);
    if (link.lost !== undefined) return this.#lost(link, link.lost);
    this.#settle();
  }

  /** Runs in the middle of what the channel does: nothing may be thrown. */
  #lost(link: PluginLink, reason: string): void {
    this.#link = undefined;
    void link.close(Number.POSITIVE_INFINITY).then(() => this.#links.delete(link));
    const loss: ConnectionLoss = { name: this.name, address: this.#address, reason };
    const action = this.#decide(loss);
    if (action === 'exit') exitOnLoss(loss, this.#options.terminationLog);
    const message = `the connection to the plugin ${this.name} was lost: ${reason}`;
    if (action === 'reconnect') {
      this.#logger.warn(loss, message);
      this.#reconnecting = this.#reconnect();
    } else this.#fail(this.#error(Code.UNAVAILABLE, message));
  }

  #decide(loss: ConnectionLoss): ConnectionLossAction {
    const { onConnectionLost = 'reconnect' } = this.#options;
    if (typeof onConnectionLost !== 'function') return onConnectionLost;
    try {
      return onConnectionLost(loss);
    } catch (error) {
      throwLater(error);
      return 'fail';
    }
  }

  async #reconnect(): Promise<void> {
    const { signal } = this.#closing;
    const backoff = new Backoff();
    const { name } = this;
    while (!signal.aborted) {
      try {
        const found = await this.#find(Number.POSITIVE_INFINITY, signal, name);
        if (signal.aborted) return await this.#discard(found.link);
        this.#logger.info({ name, address: this.#address }, `the plugin ${name} at ${this.#address} is back`);
        return this.#use(found);
      } catch (error) {
        if (signal.aborted) return;
        const failure = RpcError.from(error);
        // It is there, but hangs or is not well yet; what else it says will not change.
        if (failure.code !== Code.DEADLINE_EXCEEDED && failure.code !== Code.UNAVAILABLE) return this.#fail(failure);
      }
      await sleep(backoff.next(), undefined, { signal }).catch(() => {});
    }
  }

  #fail(error: RpcError): void {
    this.#failure = error;
    this.#settle();
    const { onFailed } = this.#options;
    if (onFailed === undefined) {
      this.#logger.error({ err: error }, `the plugin ${this.name} cannot be used any more: ${error.message}`);
      return;
    }
    try {
      onFailed(error);
    } catch (thrown) {
      throwLater(thrown);
    }
  }

  #settle(): void {
    for (const { resolve, reject } of [...this.#waiters]) {
      if (this.#link === undefined) reject(this.#unavailable());
      else resolve();
    }
  }
}

/** What a callback throws is an uncaught exception, and does not disturb who called it. */
function throwLater(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
