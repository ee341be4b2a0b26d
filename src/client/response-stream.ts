import { Code } from '../rpc/code.js';
import type { CompiledMethod } from '../rpc/compile-service.js';
import { encodeMessage } from '../rpc/message-frame.js';
import { RpcError } from '../rpc/rpc-error.js';
import type { CallOptions } from './call-options.js';
import { ClientCall, type ClientCallOwner } from './client-call.js';
import { sendRequests } from './send-requests.js';

/**
 * The responses of a call. The call begins with the first `next`; leaving a `for await` loop early cancels it. It can be
 * iterated once.
 */
export class ResponseStream implements AsyncIterableIterator<unknown> {
  readonly #owner: ClientCallOwner;
  readonly #method: CompiledMethod;
  readonly #request: unknown;
  readonly #options: CallOptions;
  #call: ClientCall | undefined;
  #finished = false;
  #thrown: { error: unknown } | undefined;

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
    const call = (this.#call ??= this.#begin());
    try {
      const result = await call.responses.next();
      if (result.done) this.#finished = true;
      return result;
    } catch (error) {
      this.#finished = true;
      if (this.#thrown !== undefined) throw this.#thrown.error;
      if (!(error instanceof RpcError)) throw error;
      // A message that cannot be decoded ends the call; any other error is its end.
      call.cancel(error.code, error.statusMessage, error);
      const { code, statusMessage: message, details, metadata, cause } = error;
      // Made anew here, so that the caller's stack is in it.
      throw call.error({ code, message, details, metadata, cause });
    }
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#finished = true;
    this.#call?.cancel(Code.CANCELLED, 'the caller stopped reading');
    this.#call?.responses.discard();
    return { value: undefined, done: true };
  }

  #begin(): ClientCall {
    const call = new ClientCall(this.#owner, this.#method, this.#options, { onStatus: () => {} });
    if (this.#method.requestStream) {
      call.start();
      sendRequests(call, this.#request as AsyncIterable<unknown>, (error) => {
        this.#thrown = { error };
      });
    } else {
      void call.send(encodeMessage(this.#method.requestType, this.#request, call.encoding), true);
      call.start();
    }
    return call;
  }
}
