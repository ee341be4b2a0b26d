/** Who wants to know of each signal. Weak, so that a signal is kept by nobody but its owner. */
const listenersOf = new WeakMap<AbortSignal, AbortListeners>();

/**
 * The calls that one signal cancels, with one listener on the signal for all of them: removing one of a thousand listeners
 * is slow, and Node warns about a signal that has more than ten.
 */
class AbortListeners {
  readonly #signal: AbortSignal;
  readonly #callbacks = new Set<() => void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(callback: () => void): void {
    if (this.#callbacks.size === 0) this.#signal.addEventListener('abort', this.#aborted);
    this.#callbacks.add(callback);
  }

  delete(callback: () => void): void {
    if (this.#callbacks.delete(callback) && this.#callbacks.size === 0) {
      this.#signal.removeEventListener('abort', this.#aborted);
    }
  }

  readonly #aborted = (): void => {
    for (const callback of this.#callbacks) callback();
  };
}

/** Calls `callback` when the signal is aborted, until `offAbort`. */
export function onAbort(signal: AbortSignal, callback: () => void): void {
  let listeners = listenersOf.get(signal);
  if (listeners === undefined) {
    listeners = new AbortListeners(signal);
    listenersOf.set(signal, listeners);
  }
  listeners.add(callback);
}

export function offAbort(signal: AbortSignal, callback: () => void): void {
  listenersOf.get(signal)?.delete(callback);
}
