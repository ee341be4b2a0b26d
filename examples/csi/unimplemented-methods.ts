// Outside this repository: from 'podwire'.
import {
  Code,
  RpcError,
  type ServerContext,
  type ServiceDefinition,
  type ServiceImplementation,
} from '../../src/index.js';

/**
 * Answers UNIMPLEMENTED to every method of a service: what a plugin says to calls whose capability it does not offer.
 * Spread it in front of the methods that there are.
 */
export function unimplementedMethods<Definition extends ServiceDefinition>(
  definition: Definition,
): ServiceImplementation<Definition, ServerContext> {
  const methods = Object.entries(definition.methods).map(([key, { name }]) => [
    key,
    () => {
      throw new RpcError(Code.UNIMPLEMENTED, `this plugin does not offer ${name}`);
    },
  ]);
  return Object.fromEntries(methods) as ServiceImplementation<Definition, ServerContext>;
}
