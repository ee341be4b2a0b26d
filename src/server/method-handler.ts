import { type CompiledMethod, compileService } from '../rpc/compile-service.js';
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
 * @throws TypeError that names the methods which the implementation lacks.
 */
export function methodHandlers(
  definition: ServiceDefinition,
  implementation: Implementation,
  interceptors: readonly ServerInterceptor[],
): MethodHandler[] {
  const methods = compileService(definition);
  const missing = methods.filter(({ key }) => typeof implementation[key] !== 'function').map(({ key }) => key);
  if (missing.length > 0) {
    throw new TypeError(`the implementation of ${definition.fullName} has no function for: ${missing.join(', ')}`);
  }
  return methods.map((method) => {
    const bound = (implementation[method.key] as MethodHandler['handle']).bind(implementation);
    return { method, handle: interceptors.length === 0 ? bound : intercept(method, bound, interceptors) };
  });
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
  return async function* (message, context) {
    const response = await composed({ method, context, message });
    yield* response.message as AsyncIterable<unknown>;
  };
}
