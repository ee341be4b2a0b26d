import { Code } from '../rpc/code.js';
import { codeName } from '../rpc/code-name.js';
import { RpcError } from '../rpc/rpc-error.js';

/** Which of nice-grpc's two error classes a side throws. */
export type NiceErrorKind = 'ClientError' | 'ServerError';

/** An RpcError as middleware knows errors: nice-grpc-common recognises its own classes by these marks. */
class NiceError extends Error {
  readonly code: Code;
  readonly details: string;
  readonly path?: string;
  declare readonly cause: RpcError;
  readonly '@@nice-grpc' = true;

  constructor(kind: NiceErrorKind, error: RpcError, path: string) {
    const status = `${codeName(error.code)}: ${error.statusMessage}`;
    super(kind === 'ClientError' ? `${path} ${status}` : status, { cause: error });
    this.name = kind;
    this.code = error.code;
    this.details = error.statusMessage;
    if (kind === 'ClientError') this.path = path;
    Object.defineProperty(this, `@@nice-grpc:${kind}`, { value: true });
  }
}

/** Cancelled by this side, which in nice-grpc is no status but an AbortError. */
class AbortError extends Error {
  declare readonly cause: RpcError;

  constructor(error: RpcError) {
    super('The operation has been aborted', { cause: error });
    this.name = 'AbortError';
  }
}

/** For middleware that catches: what `next` failed with. `context.signal` is looked at only when it matters. */
export function toNiceError(
  kind: NiceErrorKind,
  error: unknown,
  path: string,
  context: { readonly signal?: AbortSignal },
): unknown {
  if (!(error instanceof RpcError)) return error;
  const aborted = error.code === Code.CANCELLED && context.signal?.aborted;
  return aborted ? new AbortError(error) : new NiceError(kind, error, path);
}

/** For the rest of the call: what middleware threw, its own errors included. */
export function fromNiceError(error: unknown): unknown {
  if (error instanceof NiceError || error instanceof AbortError) return error.cause;
  if (isNiceError(error)) return new RpcError(error.code, error.details, { cause: error });
  return error;
}

/** ClientError or ServerError of any copy of nice-grpc-common. */
function isNiceError(error: unknown): error is { readonly code: Code; readonly details: string } {
  return error instanceof Error && '@@nice-grpc' in error && 'code' in error && 'details' in error;
}
