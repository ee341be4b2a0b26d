import { checkOptionNames, type OptionNames } from '../options/check-option-names.js';
import { checkInterceptors } from '../rpc/check-interceptors.js';
import { type CompiledMethod, compileService } from '../rpc/compile-service.js';
import { isServiceDefinition } from '../rpc/is-service-definition.js';
import { Metadata } from '../rpc/metadata.js';
import { PromisedIterable } from '../rpc/promised-iterable.js';
import type { Client as ClientOf, ServiceDefinition } from '../rpc/service-definition.js';
import { beginCall } from './begin-call.js';
import { type CallOptions, callOptionNames } from './call-options.js';
import type { Channel } from './channel.js';
import type { CallStatus, ClientCall } from './client-call.js';
import type { ClientChannel } from './client-channel.js';
import type { ClientInterceptor, ClientNext } from './client-interceptor.js';
import { ResponseStream } from './response-stream.js';

export interface ClientOptions {
  /** Inside those of the channel, the first one outermost. Default: none. */
  readonly interceptors?: readonly ClientInterceptor[];
  /** Options of every call; an option that a call has itself counts instead. */
  readonly defaults?: CallOptions;
}

const clientOptionNames: OptionNames<ClientOptions> = { interceptors: true, defaults: callOptionNames };

/** A service as its caller sees it: one function for each method of the definition. */
export type Client<Definition extends ServiceDefinition> = ClientOf<Definition, CallOptions>;

type Invoke = (message: unknown, options: CallOptions) => unknown;

const noOptions: CallOptions = {};

/**
 * Makes the typed functions of a service, which call over `channel`.
 *
 * @throws TypeError for arguments that are something else.
 */
export function createClient<Definition extends ServiceDefinition>(
  definition: Definition,
  channel: Channel,
  options: ClientOptions = {},
): Client<Definition> {
  if (
    !isServiceDefinition(definition) ||
    typeof (channel as Partial<ClientChannel> | undefined)?.place !== 'function'
  ) {
    const example = 'createClient(SettingsDefinition, createChannel("..."))';
    throw new TypeError(`createClient takes a definition and a channel: ${example}`);
  }
  checkOptionNames('a client', options, clientOptionNames);
  const { interceptors: inner = [] } = options;
  checkInterceptors(inner);
  const owner = channel as ClientChannel;
  const interceptors = [...owner.interceptors, ...inner];
  const { defaults } = options;
  const client: { [key: string]: unknown } = {};
  for (const method of compileService(definition)) {
    const invoke = interceptors.length === 0 ? direct(owner, method) : intercepted(owner, method, interceptors);
    client[method.key] = (message: unknown, callOptions: CallOptions = noOptions) =>
      invoke(message, defaults === undefined ? callOptions : withDefaults(defaults, callOptions));
  }
  return client as Client<Definition>;
}

/** An option that is there but undefined is not said: the default counts. */
function withDefaults(defaults: CallOptions, options: CallOptions): CallOptions {
  const merged: { [name: string]: unknown } = { ...defaults };
  for (const [name, value] of Object.entries(options)) if (value !== undefined) merged[name] = value;
  return merged;
}

function direct(channel: ClientChannel, method: CompiledMethod): Invoke {
  if (method.responseStream) return (message, options) => new ResponseStream(channel, method, message, options);
  return (message, options) => callForOne(channel, method, message, options);
}

/** A call with one response. It is an async function so that an error carries the caller's stack. */
async function callForOne(
  channel: ClientChannel,
  method: CompiledMethod,
  message: unknown,
  options: CallOptions,
): Promise<unknown> {
  let call: ClientCall | undefined;
  const status = await new Promise<CallStatus>((onStatus) => {
    call = beginCall(channel, method, message, options, onStatus);
  });
  return (call as ClientCall).takeOne(status);
}

function intercepted(
  channel: ClientChannel,
  method: CompiledMethod,
  interceptors: readonly ClientInterceptor[],
): Invoke {
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
    return async (message, options) => (await composed({ method, message, options: withMoment(options) })).message;
  }
  return (message, options) =>
    new PromisedIterable(async () => {
      const response = await composed({ method, message, options: withMoment(options) });
      return response.message as AsyncIterable<unknown>;
    });
}

/** A timeout as a moment, so that what interceptors do in between, such as trying again, does not make it longer. */
function withMoment({ timeoutMs, deadline, ...rest }: CallOptions): CallOptions {
  if (timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY) {
    return deadline === undefined ? rest : { ...rest, deadline };
  }
  const byTimeout = Date.now() + timeoutMs;
  // A Date, because to some middleware a number is a duration.
  return { ...rest, deadline: new Date(deadline === undefined ? byTimeout : Math.min(byTimeout, Number(deadline))) };
}

function assign(target: Metadata, source: Metadata): void {
  for (const [key, values] of source) target.set(key, values as never);
}
