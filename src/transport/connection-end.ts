import type { ConnectionError } from '../http2/connection-error.js';
import { ErrorCode } from '../http2/error-code.js';

/** Why a connection is over. */
export interface ConnectionEnd {
  /** In words. */
  readonly reason: string;
  /** When it broke, or one side broke a rule; undefined when it ended in order. */
  readonly error: Error | undefined;
}

/**
 * What `TransportEvents.onEnd` means to who watches.
 *
 * @param farewell whether the peer has sent a GOAWAY.
 */
export function connectionEnd(
  role: 'client' | 'server',
  error: ConnectionError | undefined,
  farewell: boolean,
): ConnectionEnd {
  const peer = role === 'client' ? 'server' : 'client';
  if (error === undefined) {
    return { reason: farewell ? `the ${peer} said that it was done` : 'this side ended it', error: undefined };
  }
  const byteStreamEnded = error.remote && error.errorCode === ErrorCode.NO_ERROR;
  if (!byteStreamEnded) return { reason: error.message, error };
  if (error.cause instanceof Error) return { reason: `it broke: ${error.cause.message}`, error: error.cause };
  if (farewell) return { reason: `the ${peer} closed it`, error: undefined };
  // Many clients only close; a server that ends in order says so before.
  return { reason: `the ${peer} closed it without a word`, error: role === 'client' ? error : undefined };
}
