import { Metadata, type StatusObject } from '@grpc/grpc-js';
import { Code } from '../rpc/code.js';
import { codeName } from '../rpc/code-name.js';
import { RpcError } from '../rpc/rpc-error.js';

/** How a call ended. */
export interface CallStatus extends StatusObject {
  /** This side made it: the server has not said so. */
  readonly isLocal?: boolean;
}

/** A status that this side made. */
export function localStatus(code: number, details: string, metadata = new Metadata()): CallStatus {
  return { code, details, metadata, isLocal: true };
}

/**
 * As the application gets it. grpc-js makes its error of the code and the details alone, so those of this side say which call
 * it was, as an RpcError does; what a server has said is passed on as it is.
 *
 * @param method `/podinfo.v1.PodInfo/Describe`
 */
export function reportedStatus(status: CallStatus, method: string, endpoint: string): StatusObject {
  const { code, details, metadata, isLocal } = status;
  return { code, details: isLocal ? `${details} (${method.slice(1)} at ${endpoint})` : details, metadata };
}

/** What an error of podwire's own layers is as a status. */
export function statusOf(error: unknown): CallStatus {
  const { code, statusMessage } = RpcError.from(error, Code.INTERNAL);
  return localStatus(code, statusMessage);
}

/** Codes that only a server's application may give (gRFC A54). */
const applicationCodes: ReadonlySet<number> = new Set([
  Code.OK,
  Code.INVALID_ARGUMENT,
  Code.NOT_FOUND,
  Code.ALREADY_EXISTS,
  Code.FAILED_PRECONDITION,
  Code.ABORTED,
  Code.OUT_OF_RANGE,
  Code.DATA_LOSS,
]);

/** The status of a call whose credentials could not be had. */
export function credentialsStatus(error: unknown): CallStatus {
  const { code = Code.UNKNOWN, message = String(error) } = (error ?? {}) as { code?: unknown; message?: string };
  const details = `the call credentials could not be had: ${message}`;
  if (typeof code !== 'number') return localStatus(Code.UNKNOWN, details);
  if (!applicationCodes.has(code)) return localStatus(code, details);
  return localStatus(Code.INTERNAL, `${details} (the generator's status was ${codeName(code as Code)})`);
}
