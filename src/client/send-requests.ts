import { Code } from '../rpc/code.js';
import { encodeMessage } from '../rpc/message-frame.js';
import type { ClientCall } from './client-call.js';

/**
 * Sends the messages of `requests` at the pace of the call, then half-closes. When the iterable throws, the call is
 * cancelled and `onThrown` gets the error before the call's status is known; when the call ends first, the iterator is
 * told to stop.
 */
export function sendRequests(
  call: ClientCall,
  requests: AsyncIterable<unknown>,
  onThrown: (error: unknown) => void,
): void {
  void pump(call, requests).catch((error: unknown) => {
    if (call.ended) return;
    onThrown(error);
    call.cancel(Code.CANCELLED, 'the request messages could not be made', error);
  });
}

async function pump(call: ClientCall, requests: AsyncIterable<unknown>): Promise<void> {
  const iterator = requests[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await iterator.next();
    if (done) return call.halfClose();
    if (!call.ended) {
      const due = call.send(encodeMessage(call.method.requestType, value, call.encoding), false);
      if (due !== undefined) await due;
    }
    if (call.ended) {
      await iterator.return?.();
      return;
    }
  }
}
