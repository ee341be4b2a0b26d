import { Code } from '../../rpc/code.js';
import { RpcError } from '../../rpc/rpc-error.js';
import type { ConnectedPlugin } from '../controller/connected-plugin.js';
import { classifyError } from './classify-error.js';
import type { ControllerEvent } from './controller-event.js';
import type { ControllerStore } from './controller-store.js';
import { type Decision, isSettled } from './decision.js';
import { type ObjectKind, objectKey, parseObjectKey } from './object-kind.js';
import type { Operation } from './operation.js';
import type { PluginFacts } from './plugin-facts.js';
import type { Failure, RetryTimes } from './retry-times.js';
import { sameValue } from './same-value.js';
import type { SecretsSource } from './secrets-source.js';
import { WorkQueue } from './work-queue.js';

/** Of any kind: which state belongs to which operation only the kind knows. */
type AnyKind = ObjectKind<object, Operation, object>;

export interface ReconcilerOptions {
  readonly store: ControllerStore;
  readonly kinds: readonly AnyKind[];
  readonly workers: number;
  readonly callTimeoutMs: number;
  readonly retries: RetryTimes;
  readonly secrets: SecretsSource | undefined;
  /** The plugin, when it can be called. */
  readonly plugin: () => ConnectedPlugin | undefined;
  readonly publish: (event: ControllerEvent) => void;
}

interface SettledWaiter {
  resolve(): void;
  reject(error: Error): void;
}

/** Milliseconds after which an object is looked at again that could not be for a reason of this process. */
const INTERNAL_RETRY_MS = 1_000;

/**
 * Leads objects to what is desired, one call after the other for each, some objects at a time. What a call will do is
 * written down before it is made, and what it did after; whatever happens in between, the same call is made again.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #kinds: ReadonlyMap<string, AnyKind>;
  readonly #queue: WorkQueue;
  readonly #closing = new AbortController();
  /** Not as desired, or not looked at yet; those of which nothing more can be expected are stuck. */
  readonly #unsettled = new Map<string, 'moving' | 'stuck'>();
  /** Keys of which something happened that was not told yet. */
  readonly #news = new Set<string>();
  readonly #waiters = new Set<SettledWaiter>();
  #facts: PluginFacts | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#kinds = new Map(options.kinds.map((kind) => [kind.name, kind]));
    this.#queue = new WorkQueue(options.workers, (key) => this.#work(key));
    for (const kind of options.kinds) for (const name of kind.names()) this.#news.add(objectKey(kind.name, name));
    this.touchAll();
  }

  /** The plugin as it was last; undefined before it was there. */
  get facts(): PluginFacts | undefined {
    return this.#facts;
  }

  /** The plugin can be called, and may be another version. */
  pluginReady(facts: PluginFacts): void {
    this.#facts = facts;
    this.#options.retries.release();
    this.touchAll();
  }

  /** Looks at the object anew, and at those that depend on it. */
  touch(kind: 'volume' | 'snapshot', name: string): void {
    this.#enqueue(objectKey(kind, name));
    for (const key of this.#kinds.get(kind)!.relatives(name)) this.#enqueue(key);
  }

  /** Something else is desired of the object: what failed before may work now. */
  changed(kind: 'volume' | 'snapshot', name: string): void {
    const key = objectKey(kind, name);
    this.#options.retries.forget(key);
    this.#news.add(key);
    this.touch(kind, name);
  }

  touchAll(): void {
    // Also what is neither desired nor known any more, and was not looked at since.
    for (const key of [...this.#unsettled.keys()]) this.#enqueue(key);
    for (const kind of this.#kinds.values()) {
      for (const name of kind.names()) this.#enqueue(objectKey(kind.name, name));
    }
  }

  /** What is to be done for an object, and how that failed; undefined before the plugin was there. */
  outlook(
    kind: 'volume' | 'snapshot',
    name: string,
  ): { readonly decision: Decision; readonly failures: readonly Failure[] } | undefined {
    if (this.#facts === undefined) return undefined;
    const decision = this.#kinds.get(kind)!.decide(name, this.#facts);
    return { decision, failures: this.#options.retries.failures(objectKey(kind, name), decision.operations) };
  }

  /**
   * Resolves when all is as desired. Rejects when the rest can only be helped by another plugin or by other desires, and by
   * the signal, with what is missing.
   */
  async settled(signal: AbortSignal | undefined): Promise<void> {
    if (this.#unsettled.size === 0) return;
    let waiter: SettledWaiter | undefined;
    let onAbort: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        waiter = { resolve, reject };
        this.#waiters.add(waiter);
        onAbort = () => reject(this.#unsettledError(signal?.reason));
        if (signal?.aborted) return onAbort();
        signal?.addEventListener('abort', onAbort);
        this.#tellWaiters();
      });
    } finally {
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
      if (waiter !== undefined) this.#waiters.delete(waiter);
    }
  }

  /** Ends open calls, which are made again by the next controller with this store. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the controller was closed'));
    await this.#queue.close();
    for (const { reject } of [...this.#waiters]) reject(new Error('the controller was closed'));
  }

  // ----------------------------------------------------------------------------------------------------------- work

  #enqueue(key: string): void {
    this.#unsettled.set(key, 'moving');
    this.#queue.add(key);
  }

  async #work(key: string): Promise<void> {
    const { kind: kindName, name } = parseObjectKey(key);
    const kind = this.#kinds.get(kindName)!;
    try {
      const facts = this.#facts;
      const plugin = facts && this.#options.plugin();
      // It is queued again when the plugin is there.
      if (facts === undefined || plugin === undefined) return;
      const operation = await this.#begin(kind, key, name, facts);
      if (operation === undefined) return;
      await this.#perform(kind, key, name, operation, plugin);
      this.#enqueue(key);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#options.publish({ type: 'internalError', error: error as Error });
      this.#queue.addLater(key, INTERNAL_RETRY_MS);
    }
  }

  /** Decides, and writes down what will be done. Undefined: nothing now. */
  async #begin(kind: AnyKind, key: string, name: string, facts: PluginFacts): Promise<Operation | undefined> {
    const { retries, store } = this.#options;
    const decision = kind.decide(name, facts);
    const { operation, waitMs } = retries.next(key, decision.operations);
    if (operation === undefined) {
      this.#rest(kind, key, name, decision, waitMs);
      return undefined;
    }
    const before = kind.get(name);
    if (before !== undefined && sameValue(kind.begin(name, before, operation), before)) return operation;
    // Decided again: what is desired may have changed while others wrote.
    const begun = await store.transaction(() => {
      const next = retries.next(key, kind.decide(name, facts).operations).operation;
      if (next !== undefined) kind.put(kind.begin(name, kind.get(name), next));
      return next;
    });
    if (begun === undefined) this.#enqueue(key);
    return begun;
  }

  async #perform(
    kind: AnyKind,
    key: string,
    name: string,
    operation: Operation,
    plugin: ConnectedPlugin,
  ): Promise<void> {
    const { store, retries, publish, callTimeoutMs: timeoutMs } = this.#options;
    const { signal } = this.#closing;
    const isTurn = /^(create|delete|forget)/.test(operation.method);
    // One that is gone knows nobody any more.
    const relatives = isTurn ? [...kind.relatives(name)] : [];
    const event = { kind: kind.name, name, ...eventOf(operation) };
    this.#news.add(key);
    publish({ type: 'operationStarted', ...event });
    const began = performance.now();
    const durationMs = () => Math.round(performance.now() - began);
    let failure: { readonly error: Error; readonly errorClass: Failure['errorClass'] } | undefined;
    try {
      const secrets = (await this.#options.secrets?.({ kind: kind.name, name, method: operation.method })) ?? {};
      const answer = await kind.call(plugin, kind.get(name)!, operation, { timeoutMs, signal, secrets });
      const { state, complaint } = await store.transaction(() => {
        const outcome = kind.complete(kind.get(name)!, operation, answer);
        if (outcome.state === undefined) kind.remove(name);
        else kind.put(outcome.state);
        return outcome;
      });
      const unfinished = complaint ?? (state && kind.unfinished(state, operation));
      if (unfinished !== undefined) failure = { error: new Error(unfinished), errorClass: 'pending' };
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      const errorClass = classifyError(error);
      await store.transaction(() => {
        const state = kind.get(name)!;
        const failed = kind.fail(state, operation, errorClass);
        if (failed !== state) kind.put(failed);
      });
      failure = { error, errorClass };
    }
    if (failure === undefined) {
      retries.succeeded(key, operation);
      publish({ type: 'operationSucceeded', ...event, durationMs: durationMs() });
    } else {
      const held = failure.error instanceof RpcError && failure.error.code === Code.UNIMPLEMENTED;
      const { attempts, retryAtMs } = retries.failed(key, operation, failure.error, failure.errorClass, held);
      const retryMs = Math.round(Math.max(0, retryAtMs - Date.now()));
      publish({
        type: 'operationFailed',
        ...event,
        ...({ durationMs: durationMs(), error: failure.error } as const),
        attempts,
        retryMs,
      });
    }
    if (!isTurn) return;
    this.touch(kind.name, name);
    for (const relative of relatives) this.#enqueue(relative);
  }

  /** Nothing can be done now: it is as desired, or something has to happen first. */
  #rest(kind: AnyKind, key: string, name: string, decision: Decision, waitMs: number): void {
    const { publish, retries } = this.#options;
    const { name: kindName } = kind;
    if (isSettled(decision)) {
      this.#unsettled.delete(key);
      const isGone = !kind.isDesired(name);
      if (isGone) retries.forget(key);
      if (this.#news.delete(key)) publish({ type: isGone ? 'gone' : 'ready', kind: kindName, name });
    } else if (waitMs === Number.POSITIVE_INFINITY) {
      this.#unsettled.set(key, 'stuck');
      if (decision.waitsFor.length === 0 && this.#news.delete(key)) publish({ type: 'stuck', kind: kindName, name });
    } else this.#queue.addLater(key, waitMs);
    this.#tellWaiters();
  }

  // -------------------------------------------------------------------------------------------------------- settled

  #tellWaiters(): void {
    if (this.#waiters.size === 0) return;
    if (this.#unsettled.size === 0) {
      for (const { resolve } of [...this.#waiters]) resolve();
      return;
    }
    for (const state of this.#unsettled.values()) if (state === 'moving') return;
    const error = this.#unsettledError(undefined);
    for (const { reject } of [...this.#waiters]) reject(error);
  }

  #unsettledError(cause: unknown): Error {
    const lines = [...this.#unsettled.keys()].slice(0, 10).map((key) => {
      const { kind, name } = parseObjectKey(key);
      return `${kind} ${name}: ${this.#explain(kind, name)}`;
    });
    const more = this.#unsettled.size > lines.length ? `\n... and ${this.#unsettled.size - lines.length} more` : '';
    return new Error(`not all is as desired:\n${lines.join('\n')}${more}`, cause === undefined ? {} : { cause });
  }

  #explain(kind: 'volume' | 'snapshot', name: string): string {
    const outlook = this.outlook(kind, name);
    if (outlook === undefined) return 'the plugin was not there yet';
    const { decision, failures } = outlook;
    const reasons = [
      ...failures.map(({ operation, error }) => `${operation.method}: ${error.message}`),
      ...decision.problems.map(({ message }) => message),
      ...decision.waitsFor.map((what) => `waits for ${what}`),
    ];
    return reasons.join('; ') || 'in work';
  }
}

function eventOf(operation: Operation): { readonly method: Operation['method']; readonly path?: string } {
  return { method: operation.method, ...('path' in operation && { path: operation.path }) };
}
