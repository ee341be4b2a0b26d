import type { ClientInterceptor } from '../../client/client-interceptor.js';
import { codeName } from '../../rpc/code-name.js';
import type { CompiledMethod } from '../../rpc/compile-service.js';
import { RpcError } from '../../rpc/rpc-error.js';
import { redact } from '../observe/redact.js';
import { show } from './show.js';

/** Of the calls of a check, the last are those that tell what went wrong. */
const KEPT = 6;

/** The last calls that were made, as lines that a reader can repeat: without what is secret. */
export class CallRecord {
  readonly #lines: string[] = [];

  /** To be put around all calls of a channel. */
  readonly interceptor: ClientInterceptor = (next) => async (request) => {
    const { method, message } = request;
    try {
      const response = await next(request);
      if (method.responseStream) this.#add(method, message, 'a stream');
      else this.#add(method, message, `OK ${show(redact(method.responseType, response.message))}`);
      return response;
    } catch (error) {
      const outcome = error instanceof RpcError ? `${codeName(error.code)} ${error.statusMessage}` : String(error);
      this.#add(method, message, outcome);
      throw error;
    }
  };

  /** What was recorded since the last time. */
  take(): string[] {
    return this.#lines.splice(0);
  }

  #add(method: CompiledMethod, message: unknown, outcome: string): void {
    // What the caller wrote is partial; as it goes out it has all fields.
    const request = method.requestType.fromPartial(message);
    this.#lines.push(`${method.fullName} ${show(redact(method.requestType, request) ?? {})} -> ${outcome}`);
    if (this.#lines.length > KEPT) this.#lines.shift();
  }
}
