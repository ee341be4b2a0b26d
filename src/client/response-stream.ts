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

  async next(): Promise<IteratorResult<unknown>> {
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
      this.#finished = true;
      throw this.#call.readingFailed(error);
    }
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
