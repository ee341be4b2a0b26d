import { Backoff, type BackoffOptions } from '../../client/backoff.js';
import type { ErrorClass } from './classify-error.js';
import { type Operation, operationKey } from './operation.js';

/** How an operation failed the last time, and how it goes on. */
export interface Failure {
  readonly operation: Operation;
  readonly error: Error;
  readonly errorClass: ErrorClass;
  /** How often in a row. */
  readonly attempts: number;
  /** By `Date.now()`. */
  readonly failedAtMs: number;
  /** By `Date.now()`; Infinity: not before the plugin is connected anew, or something else is desired. */
  readonly retryAtMs: number;
}

interface Entry {
  readonly backoff: Backoff;
  failure: Failure;
}

/** When the operations of objects that failed may be tried again. */
export class RetryTimes {
  readonly #options: BackoffOptions;
  readonly #objects = new Map<string, Map<string, Entry>>();

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** @param held there is no use in trying again for now. */
  failed(key: string, operation: Operation, error: Error, errorClass: ErrorClass, held: boolean): Failure {
    const entries = this.#objects.get(key) ?? new Map<string, Entry>();
    this.#objects.set(key, entries);
    const before = entries.get(operationKey(operation));
    const backoff = before?.backoff ?? new Backoff(this.#options);
    const now = Date.now();
    const retryAtMs = held ? Number.POSITIVE_INFINITY : now + backoff.next();
    const attempts = (before?.failure.attempts ?? 0) + 1;
    const failure = { operation, error, errorClass, attempts, failedAtMs: now, retryAtMs };
    entries.set(operationKey(operation), { backoff, failure });
    return failure;
  }

  succeeded(key: string, operation: Operation): void {
    const entries = this.#objects.get(key);
    entries?.delete(operationKey(operation));
    if (entries?.size === 0) this.#objects.delete(key);
  }

  /** All of the object may be tried at once. */
  forget(key: string): void {
    this.#objects.delete(key);
  }

  /** What had to wait for another plugin may be tried. Gives the keys of their objects. */
  release(): string[] {
    const keys: string[] = [];
    for (const [key, entries] of this.#objects) {
      for (const [name, { failure }] of entries) {
        if (failure.retryAtMs !== Number.POSITIVE_INFINITY) continue;
        entries.delete(name);
        keys.push(key);
      }
    }
    return keys;
  }

  /** The first operation whose time has come; else the milliseconds until one's has. */
  next<Next extends Operation>(
    key: string,
    operations: readonly Next[],
  ): { readonly operation?: Next; readonly waitMs: number } {
    const entries = this.#objects.get(key);
    const now = Date.now();
    let waitMs = Number.POSITIVE_INFINITY;
    for (const operation of operations) {
      const retryAtMs = entries?.get(operationKey(operation))?.failure.retryAtMs ?? 0;
      if (retryAtMs <= now) return { operation, waitMs: 0 };
      waitMs = Math.min(waitMs, retryAtMs - now);
    }
    return { waitMs };
  }

  /** How those of the operations failed that did, the last one first. */
  failures(key: string, operations: readonly Operation[]): Failure[] {
    const entries = this.#objects.get(key);
    const failures = operations.flatMap((operation) => entries?.get(operationKey(operation))?.failure ?? []);
    return failures.sort((one, other) => other.failedAtMs - one.failedAtMs);
  }
}
