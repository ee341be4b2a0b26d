import { likeliest } from '../options/check-option-names.js';
import { Code } from '../rpc/code.js';
import { type CompiledMethod, compileService } from '../rpc/compile-service.js';
import { PromisedIterable } from '../rpc/promised-iterable.js';
import { RpcError } from '../rpc/rpc-error.js';
import type { ServiceDefinition } from '../rpc/service-definition.js';
import { inContext } from './in-context.js';
import type { ServerContext } from './server-context.js';
import type { ServerInterceptor, ServerNext } from './server-interceptor.js';

/** One method as the server calls it: with a message or an iterable of messages, giving one or the other. */
export interface MethodHandler {
  readonly method: CompiledMethod;
  readonly handle: (request: unknown, context: ServerContext) => unknown;
}

type Implementation = { readonly [key: string]: unknown };

/**
 * The handlers of a service, interceptors composed around each.
 *
 * @param partial whether methods may be missing; they answer UNIMPLEMENTED, and interceptors see their calls.
 * @throws TypeError that names the methods which the implementation lacks, or a handler that is of no method.
 */
export function methodHandlers(
  definition: ServiceDefinition,
  implementation: Implementation,
  interceptors: readonly ServerInterceptor[],
  partial: boolean,
): MethodHandler[] {
  const methods = compileService(definition);
  checkHandlerNames(definition, implementation);
  const missing = methods.filter(({ key }) => typeof implementation[key] !== 'function').map(({ key }) => key);
  if (missing.length > 0 && !partial) {
    const fix = 'add them, or use addPartial, which answers UNIMPLEMENTED';
    throw new TypeError(`the implementation of ${definition.fullName} lacks ${missing.join(', ')}; ${fix}`);
  }
  return methods.map((method) => {
    const handle = missing.includes(method.key)
      ? unimplemented(method)
      : (implementation[method.key] as MethodHandler['handle']).bind(implementation);
    return { method, handle: interceptors.length === 0 ? handle : intercept(method, handle, interceptors) };
  });
}

/** An object of a class may well have functions of its own; what was written as a list of handlers has them by mistake. */
function checkHandlerNames({ fullName, methods }: ServiceDefinition, implementation: Implementation): void {
  const prototype = Object.getPrototypeOf(implementation);
  if (prototype !== Object.prototype && prototype !== null) return;
  for (const [name, handler] of Object.entries(implementation)) {
    if (typeof handler !== 'function' || Object.hasOwn(methods, name)) continue;
    const free = Object.keys(methods).filter((key) => implementation[key] === undefined);
    const meant = likeliest(name, free);
    const hint = meant === undefined ? `its methods are ${Object.keys(methods).join(', ')}` : `write ${meant}`;
    throw new TypeError(`${fullName} has no method "${name}"; ${hint}`);
  }
}

function unimplemented({ fullName }: CompiledMethod): MethodHandler['handle'] {
  return () => {
    throw new RpcError(Code.UNIMPLEMENTED, `this server does not implement ${fullName}`);
  };
}

function intercept(
  method: CompiledMethod,
  handle: MethodHandler['handle'],
  interceptors: readonly ServerInterceptor[],
): MethodHandler['handle'] {
  const innermost: ServerNext = async ({ message, context }) => ({
    // The iterable of a streaming method must not be awaited: it is the message.
    message: method.responseStream
      ? inContext(handle(message, context) as AsyncIterable<unknown>)
      : await handle(message, context),
  });
  const composed = interceptors.reduceRight((next, interceptor) => interceptor(next), innermost);
  if (!method.responseStream) {
    return async (message, context) => (await composed({ method, context, message })).message;
  }
  return (message, context) =>
    new PromisedIterable(async () => {
      const response = await composed({ method, context, message });
      return response.message as AsyncIterable<unknown>;
    });
}
