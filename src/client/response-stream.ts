import { Code } from '../rpc/code.js';
import type { CompiledMethod } from '../rpc/compile-service.js';
import { beginCall } from './begin-call.js';
import type { CallOptions } from './call-options.js';
import type { ClientCall, ClientCallOwner } from './client-call.js';

/** Ends the calls of streams that nobody can read any more: what they hold would count as unread for ever. */
const abandoned = new FinalizationRegistry<ClientCall>((call) => {
  call.cancel(Code.CANCELLED, 'the caller lost the stream of responses');
  call.responses.discard();
});

/**
 * The responses of a call. The call begins with the first `next`; leaving a `for await` loop early cancels it. It can be
 * iterated once; reads that do not wait for each other are answered in their order.
 */
export class ResponseStream implements AsyncIterableIterator<unknown> {
  readonly #owner: ClientCallOwner;
  readonly #method: CompiledMethod;
  readonly #request: unknown;
  readonly #options: CallOptions;
  #call: ClientCall | undefined;
  #finished = false;

  constructor(owner: ClientCallOwner, method: CompiledMethod, request: unknown, options: CallOptions) {
    this.#owner = owner;
    this.#method = method;
    this.#request = request;
    this.#options = options;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    const responses = this.#call?.responses;
    // A message that is there needs none of the promises of an async function.
    if (responses === undefined || responses.queued === 0 || this.#finished) return this.#next();
    try {
      return Promise.resolve({ value: responses.take(), done: false });
    } catch (error) {
      return Promise.reject(this.#failed(error));
    }
  }

  /** An async function, so that an error carries the caller's stack. */
  async #next(): Promise<IteratorResult<unknown>> {
    if (this.#finished) return { value: undefined, done: true };
    try {
      this.#call ??= this.#begin();
    } catch (error) {
      this.#finished = true;
      throw error;
    }
    try {
      const result = await this.#call.responses.next();
      // A read before this one, which did not wait for it either, may have failed.
      if (this.#finished) return { value: undefined, done: true };
      if (result.done) this.#finished = true;
      return result;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #failed(error: unknown): unknown {
    this.#finished = true;
    return (this.#call as ClientCall).readingFailed(error);
  }

  #begin(): ClientCall {
    const call = beginCall(this.#owner, this.#method, this.#request, this.#options);
    abandoned.register(this, call);
    return call;
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#finished = true;
    // In this order: a `next` that waits is at its end, and not at an error.
    this.#call?.responses.discard();
    this.#call?.cancel(Code.CANCELLED, 'the caller stopped reading');
    return { value: undefined, done: true };
  }
}
