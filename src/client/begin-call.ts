import type { CompiledMethod } from '../rpc/compile-service.js';
import type { CallOptions } from './call-options.js';
import { type CallStatus, ClientCall, type ClientCallOwner } from './client-call.js';
import { sendRequests } from './send-requests.js';

/**
 * Begins a call and sends its request: one message, or an async iterable of them.
 *
 * @throws TypeError for options that are not valid, RpcError for a message that cannot be sent. Nothing was begun then.
 */
export function beginCall(
  owner: ClientCallOwner,
  method: CompiledMethod,
  request: unknown,
  options: CallOptions,
  onStatus?: (status: CallStatus) => void,
): ClientCall {
  const call = new ClientCall(owner, method, options, onStatus);
  if (method.requestStream) {
    call.start();
    sendRequests(call, request as AsyncIterable<unknown>);
  } else {
    call.startWith(request);
  }
  return call;
}
