import type { CompiledMethod } from '../rpc/compile-service.js';
import type { CallOptions } from './call-options.js';
import { type CallStatus, ClientCall, type ClientCallOwner } from './client-call.js';
import { sendRequests } from './send-requests.js';

/**
 * Begins a call and sends its request: one message, or an iterable of them, async or not.
 *
 * @throws TypeError for options that are not valid, for no message and for what is no stream of requests, RpcError for a
 * message that cannot be sent. Nothing was begun then.
 */
export function beginCall(
  owner: ClientCallOwner,
  method: CompiledMethod,
  request: unknown,
  options: CallOptions,
  onStatus?: (status: CallStatus) => void,
): ClientCall {
  if (!method.requestStream) {
    const call = new ClientCall(owner, method, options, onStatus);
    call.startWith(request);
    return call;
  }
  if (!isIterable(request)) {
    const examples = 'what an async function* returns, or an array';
    throw new TypeError(`${method.fullName} takes a stream of requests: give it an iterable, such as ${examples}`);
  }
  const call = new ClientCall(owner, method, options, onStatus);
  call.start();
  sendRequests(call, request);
  return call;
}

/** A string is one as well, of characters that are no messages: only objects are looked at. */
function isIterable(value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}
