import { Metadata, type StatusObject } from '@grpc/grpc-js';
import { Code } from '../rpc/code.js';
import { codeName } from '../rpc/code-name.js';
import { RpcError } from '../rpc/rpc-error.js';

/** A status that this side made. */
export function localStatus(code: number, details: string): StatusObject {
  return { code, details, metadata: new Metadata() };
}

/** What an error of podwire's own layers is as a status. */
export function statusOf(error: unknown): StatusObject {
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
export function credentialsStatus(error: unknown): StatusObject {
  const { code = Code.UNKNOWN, message = String(error) } = (error ?? {}) as { code?: unknown; message?: string };
  const details = `the call credentials could not be had: ${message}`;
  if (typeof code !== 'number') return localStatus(Code.UNKNOWN, details);
  if (!applicationCodes.has(code)) return localStatus(code, details);
  return localStatus(Code.INTERNAL, `${details} (the generator's status was ${codeName(code as Code)})`);
}
