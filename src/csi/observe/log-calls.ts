import { Code } from '../../rpc/code.js';
import { codeName } from '../../rpc/code-name.js';
import type { CompiledMethod } from '../../rpc/compile-service.js';
import type { CallInterceptor } from './call-interceptor.js';
import { type CallObserver, observeCall } from './observe-call.js';
import { redactor } from './redact.js';

export type CallLogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** A logger of pino, or one like it. */
export type CallLogger = { isLevelEnabled(level: CallLogLevel): boolean } & {
  [Level in CallLogLevel]: (fields: object, message: string) => void;
};

export interface LogCallsOptions {
  /** Of the lines at the start and at the end of a call. Default `debug`. */
  readonly level?: CallLogLevel;
  /** Of the line at the end of a call that failed. Default `warn`. */
  readonly failureLevel?: CallLogLevel;
  /** Of a line for each message of a stream. Default `trace`. */
  readonly streamLevel?: CallLogLevel;
}

/** Tells the lines of one call from those of others in this process. */
let calls = 0;

/**
 * An interceptor, for servers and clients, that logs calls: a line at the start with the request, one at the end with code,
 * duration in milliseconds and the response, and one for each message of a stream. `call` is the same number in all lines
 * of a call.
 *
 *     {"call":7,"method":"csi.v1.Controller/DeleteVolume","request":{"volume_id":"v","secrets":"***stripped***"},"msg":"call started"}
 *     {"call":7,"method":"csi.v1.Controller/DeleteVolume","code":"OK","durationMs":1.284,"response":{},"msg":"call ended"}
 *
 * What is in messages that CSI calls secret is not there, and no message of another protocol is (see `redactor`). For a
 * level that is off nothing is computed.
 */
export function logCalls(logger: CallLogger, options: LogCallsOptions = {}): CallInterceptor {
  const { level = 'debug', failureLevel = 'warn', streamLevel = 'trace' } = options;
  return (next) => {
    let lines: MethodLines | undefined;
    return (request) => {
      const enabled = logger.isLevelEnabled(level) || logger.isLevelEnabled(failureLevel);
      if (!enabled && !(isStream(request.method) && logger.isLevelEnabled(streamLevel))) return next(request);
      lines ??= new MethodLines(logger, request.method, { level, failureLevel, streamLevel });
      return observeCall(next, request, lines.begin());
    };
  };
}

function isStream({ requestStream, responseStream }: CompiledMethod): boolean {
  return requestStream || responseStream;
}

type Print = (message: unknown) => unknown;

/** What is the same for all calls of one method. */
class MethodLines {
  readonly #logger: CallLogger;
  readonly #method: CompiledMethod;
  readonly #levels: Required<LogCallsOptions>;
  readonly #printRequest: Print;
  readonly #printResponse: Print;

  constructor(logger: CallLogger, method: CompiledMethod, levels: Required<LogCallsOptions>) {
    this.#logger = logger;
    this.#method = method;
    this.#levels = levels;
    this.#printRequest = redactor(method.requestType) ?? (() => undefined);
    this.#printResponse = redactor(method.responseType) ?? (() => undefined);
  }

  begin(): CallObserver {
    const { requestStream, responseStream, fullName: method } = this.#method;
    const { level, failureLevel, streamLevel } = this.#levels;
    const logger = this.#logger;
    const call = ++calls;
    const began = performance.now();
    let requests = 0;
    let responses = 0;
    let response: unknown;
    const logMessage = (direction: 'request' | 'response', number: number, print: Print, message: unknown): void => {
      if (!logger.isLevelEnabled(streamLevel)) return;
      logger[streamLevel]({ call, method, number, [direction]: print(message) }, `${direction} of a stream`);
    };
    if (requestStream && logger.isLevelEnabled(level)) logger[level]({ call, method }, 'call started');
    return {
      onRequest: (message) => {
        requests++;
        if (requestStream) logMessage('request', requests, this.#printRequest, message);
        else if (logger.isLevelEnabled(level)) {
          logger[level]({ call, method, request: this.#printRequest(message) }, 'call started');
        }
      },
      onResponse: (message) => {
        responses++;
        if (responseStream) logMessage('response', responses, this.#printResponse, message);
        else response = message;
      },
      onEnd: (error) => {
        const used = error === undefined ? level : failureLevel;
        if (!logger.isLevelEnabled(used)) return;
        const durationMs = Math.round((performance.now() - began) * 1000) / 1000;
        const fields = {
          ...{ call, method, code: codeName(error?.code ?? Code.OK), durationMs },
          ...(requestStream && { requests }),
          ...(responseStream && { responses }),
          ...(error !== undefined && { error: error.statusMessage }),
          ...(error === undefined && !responseStream && { response: this.#printResponse(response) }),
        };
        logger[used](fields, error === undefined ? 'call ended' : 'call failed');
      },
    };
  }
}
