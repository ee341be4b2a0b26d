import type { ServiceImplementation as ImplementationWith, ServiceDefinition } from '../rpc/service-definition.js';
import type { ServerContext } from './server-context.js';

/** The handlers of a service: one function for each method of `Definition`, called with the request and the context. */
export type ServiceImplementation<Definition extends ServiceDefinition, Context = ServerContext> = ImplementationWith<
  Definition,
  Context
>;
