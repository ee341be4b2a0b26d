import { Code } from './code.js';
import { codeName } from './code-name.js';
import { Metadata, type MetadataInit } from './metadata.js';
import type { StatusDetail } from './status-detail.js';

export interface RpcErrorOptions {
  /** Sent as trailers by a server; on a client, the trailers that came with the status. */
  metadata?: MetadataInit;
  /** Typed details, see `packDetail` and `findDetail`. */
  details?: readonly StatusDetail[];
  cause?: unknown;
  /** `podinfo.v1.PodInfo/Describe` */
  method?: string;
  /** Where the call went, as printed by the endpoint. */
  endpoint?: string;
}

/** Two copies of this package in one process must recognise each other's errors. */
const brand = Symbol.for('podwire.RpcError');

/**
 * A call that ended with another status than OK. `message` is for people (status, method and endpoint); `statusMessage` is
 * the text that travels on the wire.
 */
export class RpcError extends Error {
  readonly code: Code;
  /** The text of the status as sent on the wire, without code, method or endpoint. */
  readonly statusMessage: string;
  readonly metadata: Metadata;
  readonly details: readonly StatusDetail[];
  /** `podinfo.v1.PodInfo/Describe`; known on errors that a client call ended with. */
  declare readonly method?: string;
  /** Known on errors that a client call ended with. */
  declare readonly endpoint?: string;

  constructor(code: Code, message: string, options: RpcErrorOptions = {}) {
    super(describe(code, message, options), 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.statusMessage = message;
    this.metadata = options.metadata instanceof Metadata ? options.metadata : new Metadata(options.metadata);
    this.details = options.details ?? [];
    if (options.method !== undefined) {
      this.method = options.method;
    }
    if (options.endpoint !== undefined) {
      this.endpoint = options.endpoint;
    }
  }

  static {
    Object.defineProperty(RpcError.prototype, 'name', { value: 'RpcError', configurable: true, writable: true });
    Object.defineProperty(RpcError.prototype, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore-start lint/complexity/noThisInStatic: `this` may be a subclass, which keeps the usual meaning of instanceof
    if (this !== RpcError) {
      return Function.prototype[Symbol.hasInstance].call(this, value);
    }
    // biome-ignore-end lint/complexity/noThisInStatic: as above
    return typeof value === 'object' && value !== null && brand in value;
  }

  /**
   * Any thrown value as an `RpcError`: one that is already is returned as it is, an AbortError becomes CANCELLED, a
   * TimeoutError DEADLINE_EXCEEDED, everything else the fallback. The value is kept as `cause`; its text is not copied
   * into the status, because a status may travel to a peer that has no business reading it.
   */
  static from(error: unknown, fallback: Code = Code.UNKNOWN): RpcError {
    if (error instanceof RpcError) {
      return error;
    }
    // By name, since aborts come as DOMException, as Node's own AbortError, or as a class of a library.
    const name = typeof error === 'object' && error !== null && 'name' in error ? error.name : undefined;
    if (name === 'AbortError') {
      return new RpcError(Code.CANCELLED, 'the call was cancelled', { cause: error });
    }
    if (name === 'TimeoutError') {
      return new RpcError(Code.DEADLINE_EXCEEDED, 'the time for the call ran out', { cause: error });
    }
    return new RpcError(fallback, 'unexpected error', { cause: error });
  }
}

function describe(code: Code, message: string, { method, endpoint }: RpcErrorOptions): string {
  const status = message === '' ? codeName(code) : `${codeName(code)}: ${message}`;
  if (method !== undefined) {
    return endpoint === undefined ? `${status} (${method})` : `${status} (${method} at ${endpoint})`;
  }
  return endpoint === undefined ? status : `${status} (at ${endpoint})`;
}
