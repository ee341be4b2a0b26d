import { compileService } from '../../rpc/compile-service.js';
import type { ServiceDefinition } from '../../rpc/service-definition.js';
import type { ServerContext } from '../../server/server-context.js';
import type { ServiceImplementation } from '../../server/service-implementation.js';
import { operationKeyOf } from './operation-keys.js';
import type { PendingOperations } from './pending-operations.js';
import type { RequestRules } from './request-rules.js';

type Handler = (request: unknown, context: ServerContext) => unknown;

/**
 * The same handlers, each run only for a request that keeps the rules, and those that change something one at a time for
 * each thing that they change. What is not a method of the definition is left out, and so is what `leaveOut` names.
 */
export function guardService<Definition extends ServiceDefinition>(
  definition: Definition,
  handlers: Partial<ServiceImplementation<Definition>>,
  rules: RequestRules,
  operations: PendingOperations,
  leaveOut: ReadonlySet<string>,
): Partial<ServiceImplementation<Definition>> {
  const guarded: { [key: string]: Handler } = {};
  for (const { key, name } of compileService(definition)) {
    const handler = (handlers as { readonly [key: string]: Handler | undefined })[key];
    if (handler === undefined || leaveOut.has(key)) continue;
    guarded[key] = guardHandler(name, handler.bind(handlers), rules, operations);
  }
  return guarded as Partial<ServiceImplementation<Definition>>;
}

function guardHandler(method: string, handler: Handler, rules: RequestRules, operations: PendingOperations): Handler {
  const check = rules.of(method);
  const keyOf = operationKeyOf(method);
  if (keyOf === undefined) {
    return (request, context) => {
      check(request);
      return handler(request, context);
    };
  }
  return async (request, context) => {
    check(request);
    return operations.run(keyOf(request as never), async () => handler(request, context));
  };
}
