import { Code } from '../rpc/code.js';
import { type CompiledMethod, compileService } from '../rpc/compile-service.js';
import { encodeMessage } from '../rpc/message-frame.js';
import { Metadata } from '../rpc/metadata.js';
import type { Client as ClientOf, ServiceDefinition } from '../rpc/service-definition.js';
import type { CallOptions } from './call-options.js';
import type { Channel } from './channel.js';
import { type CallStatus, ClientCall } from './client-call.js';
import type { ClientInterceptor, ClientNext } from './client-interceptor.js';
import { ResponseStream } from './response-stream.js';
import { sendRequests } from './send-requests.js';

export interface ClientOptions {
  /** Inside those of the channel, the first one outermost. Default: none. */
  readonly interceptors?: readonly ClientInterceptor[];
  /** For every call that does not say otherwise. */
  readonly defaults?: CallOptions;
}

/** A service as its caller sees it: one function for each method of the definition. */
export type Client<Definition extends ServiceDefinition> = ClientOf<Definition, CallOptions>;

type Invoke = (message: unknown, options: CallOptions) => unknown;

const noOptions: CallOptions = {};

/** Makes the typed functions of a service, which call over `channel`. */
export function createClient<Definition extends ServiceDefinition>(
  definition: Definition,
  channel: Channel,
  options: ClientOptions = {},
): Client<Definition> {
  const interceptors = [...channel.interceptors, ...(options.interceptors ?? [])];
  const { defaults } = options;
  const client: { [key: string]: unknown } = {};
  for (const method of compileService(definition)) {
    const invoke = interceptors.length === 0 ? direct(channel, method) : intercepted(channel, method, interceptors);
    client[method.key] = (message: unknown, callOptions: CallOptions = noOptions) =>
      invoke(message, defaults === undefined ? callOptions : { ...defaults, ...callOptions });
  }
  return client as Client<Definition>;
}

function direct(channel: Channel, method: CompiledMethod): Invoke {
  if (method.responseStream) return (message, options) => new ResponseStream(channel, method, message, options);
  return (message, options) => callForOne(channel, method, message, options);
}

/** A call with one response. It is an async function so that an error carries the caller's stack. */
async function callForOne(
  channel: Channel,
  method: CompiledMethod,
  message: unknown,
  options: CallOptions,
): Promise<unknown> {
  let call: ClientCall | undefined;
  let thrown: { error: unknown } | undefined;
  const status = await new Promise<CallStatus>((onStatus) => {
    call = new ClientCall(channel, method, options, { onStatus });
    if (method.requestStream) {
      call.start();
      sendRequests(call, message as AsyncIterable<unknown>, (error) => {
        thrown = { error };
      });
    } else {
      void call.send(encodeMessage(method.requestType, message, call.encoding), true);
      call.start();
    }
  });
  const ended = call as ClientCall;
  if (thrown !== undefined) throw thrown.error;
  if (status.code !== Code.OK) {
    ended.responses.discard();
    throw ended.error(status);
  }
  if (ended.responses.queued === 0) {
    throw ended.error({ ...status, code: Code.INTERNAL, message: 'the server said OK but sent no message' });
  }
  try {
    return ended.responses.take();
  } catch (error) {
    throw ended.error({ ...status, ...asStatus(error) });
  }
}

function asStatus(error: unknown): { code: Code; message: string; cause: unknown } {
  const { code, statusMessage } = error as { code: Code; statusMessage: string };
  return { code, message: statusMessage, cause: error };
}

function intercepted(channel: Channel, method: CompiledMethod, interceptors: readonly ClientInterceptor[]): Invoke {
  const invoke = direct(channel, method);
  const innermost: ClientNext = async ({ message, options }) => {
    const header = new Metadata();
    const trailer = new Metadata();
    const observed: CallOptions = {
      ...options,
      onHeader: (received) => {
        assign(header, received);
        options.onHeader?.(received);
      },
      onTrailer: (received) => {
        assign(trailer, received);
        options.onTrailer?.(received);
      },
    };
    const response = invoke(message, observed);
    // An iterable of responses is the message; the response of the other methods is waited for.
    return { message: method.responseStream ? response : await response, header, trailer };
  };
  const composed = interceptors.reduceRight((next, interceptor) => interceptor(next), innermost);
  if (!method.responseStream) {
    return async (message, options) => (await composed({ method, message, options })).message;
  }
  return async function* (message, options) {
    const response = await composed({ method, message, options });
    yield* response.message as AsyncIterable<unknown>;
  };
}

function assign(target: Metadata, source: Metadata): void {
  for (const [key, values] of source) target.set(key, values as never);
}
