import { ErrorCode, errorCodeName } from './error-code.js';

/** Why an HTTP/2 connection had to end, RFC 9113 section 5.4.1. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** The code that goes, or came, in GOAWAY. */
  readonly errorCode: number;
  /** True when the peer said so in a GOAWAY, false when this side found the fault. */
  readonly remote: boolean;

  constructor(errorCode: number, reason: string, options?: { remote?: boolean; cause?: unknown }) {
    super(errorCode === ErrorCode.NO_ERROR ? reason : `${errorCodeName(errorCode)}: ${reason}`, options);
    this.errorCode = errorCode;
    this.remote = options?.remote ?? false;
  }
}
