import { ErrorCode } from '../http2/error-code.js';
import type { StreamFailure } from '../http2/stream-handler.js';
import { Code } from '../rpc/code.js';
import { resetCode } from '../rpc/reset-code.js';

/** What a stream that ended early means for its call; the one place where HTTP/2 failures become gRPC codes. */
export function failureStatus(failure: StreamFailure): { code: Code; message: string } {
  switch (failure.origin) {
    case 'remote':
      return resetCode(failure.errorCode);
    case 'connection':
      return { code: Code.UNAVAILABLE, message: failure.reason };
    case 'local':
      return {
        code: failure.errorCode === ErrorCode.ENHANCE_YOUR_CALM ? Code.RESOURCE_EXHAUSTED : Code.INTERNAL,
        message: failure.reason,
      };
  }
}
