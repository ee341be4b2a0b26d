import type { ClientCall } from './client-call.js';

type Requests = AsyncIterable<unknown> | Iterable<unknown>;

/**
 * Sends the messages of `requests` at the pace of the call, then half-closes. When the iterable throws, the call ends with
 * that error; when the call ends first, the iterator is told to stop, once.
 */
export function sendRequests(call: ClientCall, requests: Requests): void {
  void pump(call, requests).catch((error: unknown) => call.failWith(error));
}

async function pump(call: ClientCall, requests: Requests): Promise<void> {
  const iterator = Symbol.asyncIterator in requests ? requests[Symbol.asyncIterator]() : requests[Symbol.iterator]();
  // At once, not with the next message: that may never come.
  call.onEnd = () => void stop(iterator);
  if (call.ended) return stop(iterator);
  while (!call.ended) {
    const { value, done } = await iterator.next();
    if (done) {
      call.onEnd = undefined;
      return call.halfClose();
    }
    const due = call.send(value);
    if (due !== undefined) await due;
  }
}

/** What it throws, or that it hangs, concerns nobody: the call is over. */
async function stop(iterator: AsyncIterator<unknown> | Iterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {}
}
