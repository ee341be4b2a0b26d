import type { CallOptions } from '../../client/call-options.js';
import type { Client } from '../../client/client.js';
import { type CompiledMethod, compileService } from '../../rpc/compile-service.js';
import { PromisedIterable } from '../../rpc/promised-iterable.js';
import type { ServiceDefinition } from '../../rpc/service-definition.js';

type Send = (method: CompiledMethod, message: unknown, options: CallOptions) => Promise<unknown>;

/**
 * The typed functions of a service, whose calls all go through `send`. It gives the response, or the iterable of them where
 * the method returns a stream; that call begins when it is iterated.
 */
export function pluginClient<Definition extends ServiceDefinition>(
  definition: Definition,
  send: Send,
): Client<Definition> {
  const client: { [key: string]: unknown } = {};
  for (const method of compileService(definition)) {
    client[method.key] = method.responseStream
      ? (message: unknown, options: CallOptions = {}) =>
          new PromisedIterable(async () => (await send(method, message, options)) as AsyncIterable<unknown>)
      : async (message: unknown, options: CallOptions = {}) => send(method, message, options);
  }
  return client as Client<Definition>;
}
