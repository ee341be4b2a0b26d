import { Code } from '../../rpc/code.js';
import { codeName } from '../../rpc/code-name.js';
import type { CompiledMethod } from '../../rpc/compile-service.js';
import { RpcError } from '../../rpc/rpc-error.js';
import type { ServerInterceptor, ServerRequest } from '../../server/server-interceptor.js';

/** Gets what a handler threw besides RpcError, as it was thrown. */
export type ReportError = (error: unknown, method: CompiledMethod) => void;

/**
 * Turns whatever is thrown inside into a status that CSI allows: with a message, without details. What is no RpcError
 * is reported and answered as INTERNAL, without a word of it: stacks and paths are for the plugin's own log.
 */
export function answerErrors(report: ReportError): ServerInterceptor {
  return (next) => async (request) => {
    try {
      const response = await next(request);
      if (!request.method.responseStream) return response;
      return { message: answerErrorsOf(response.message as AsyncIterable<unknown>, request, report) };
    } catch (error) {
      throw statusFor(error, request, report);
    }
  };
}

function answerErrorsOf(
  messages: AsyncIterable<unknown>,
  request: ServerRequest,
  report: ReportError,
): AsyncIterable<unknown> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = messages[Symbol.asyncIterator]();
      return {
        next: async () => {
          try {
            return await iterator.next();
          } catch (error) {
            throw statusFor(error, request, report);
          }
        },
        // Not through a generator: it must reach one that waits.
        return: async () => (await iterator.return?.()) ?? { value: undefined, done: true },
      };
    },
  };
}

function statusFor(error: unknown, { method, context }: ServerRequest, report: ReportError): RpcError {
  if (!(error instanceof RpcError)) {
    // Asked to stop, it stopped: nothing to report.
    if (context.signal.aborted && isAbort(error)) return RpcError.from(error);
    report(error, method);
    return new RpcError(Code.INTERNAL, 'the plugin failed; its log has the details', { cause: error });
  }
  const { code, statusMessage, details } = error;
  if (code !== Code.OK && statusMessage !== '' && details.length === 0) return error;
  return new RpcError(code === Code.OK ? Code.INTERNAL : code, statusMessage || codeName(code), {
    // An answer that somebody else gave to this plugin was for it alone.
    ...(error.method === undefined && { metadata: error.metadata }),
    cause: error,
  });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}
