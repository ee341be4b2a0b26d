/** A link of a ring. One that is alone is linked with itself. */
interface Link {
  before: Link;
  after: Link;
}

/** Who wants to know of each signal. Weak, so that a signal is kept by nobody but its owner. */
const listenersOf = new WeakMap<AbortSignal, AbortListeners>();

/**
 * The calls that one signal cancels, with one listener on the signal for all of them: removing one of a thousand listeners
 * is slow, and Node warns about a signal that has more than ten.
 *
 * A ring, in which this object is between the last one and the first. A `Set` would be rebuilt again and again while calls
 * come and go, see `StreamTable`.
 */
class AbortListeners implements Link {
  before: Link = this;
  after: Link = this;
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(callback: () => void): AbortListener {
    if (this.after === this) this.#signal.addEventListener('abort', this.#aborted);
    return new AbortListener(this, callback);
  }

  left(): void {
    if (this.after === this) this.#signal.removeEventListener('abort', this.#aborted);
  }

  readonly #aborted = (): void => {
    // A signal is aborted once: nobody needs to stay.
    while (this.after !== this) {
      const listener = this.after as AbortListener;
      listener.remove();
      listener.callback();
    }
  };
}

/** One callback of a signal, made by `onAbort`. */
export class AbortListener implements Link {
  readonly callback: () => void;
  before: Link;
  after: Link;
  readonly #listeners: AbortListeners;

  constructor(listeners: AbortListeners, callback: () => void) {
    this.callback = callback;
    this.#listeners = listeners;
    this.before = listeners.before;
    this.after = listeners;
    this.before.after = this;
    listeners.before = this;
  }

  /** It is not called any more. Without effect when it was removed or called before. */
  remove(): void {
    if (this.after === this) return;
    this.before.after = this.after;
    this.after.before = this.before;
    // Links of what is garbage would keep its old neighbours alive until a full collection.
    this.before = this.after = this;
    this.#listeners.left();
  }
}

/** Calls `callback` when the signal is aborted, once, until the returned listener is removed. */
export function onAbort(signal: AbortSignal, callback: () => void): AbortListener {
  let listeners = listenersOf.get(signal);
  if (listeners === undefined) {
    listeners = new AbortListeners(signal);
    listenersOf.set(signal, listeners);
  }
  return listeners.add(callback);
}
