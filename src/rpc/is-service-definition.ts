import type { ServiceDefinition } from './service-definition.js';

/** Whether it looks like a generated definition: programs without TypeScript may give anything. */
export function isServiceDefinition(value: unknown): value is ServiceDefinition {
  const { fullName, methods } = (value ?? {}) as { readonly fullName?: unknown; readonly methods?: unknown };
  return typeof fullName === 'string' && typeof methods === 'object' && methods !== null;
}
