import { fileDescriptorSet as health } from '../../../gen/grpc/health/v1/health.descriptor.js';
import { fileDescriptorSet as v1 } from '../../../gen/grpc/reflection/v1/reflection.descriptor.js';
import { ServerReflectionDefinition as V1Definition } from '../../../gen/grpc/reflection/v1/reflection.js';
import { fileDescriptorSet as v1alpha } from '../../../gen/grpc/reflection/v1alpha/reflection.descriptor.js';
import { ServerReflectionDefinition as V1AlphaDefinition } from '../../../gen/grpc/reflection/v1alpha/reflection.js';
import type { Server } from '../../server/server.js';
import type { DescriptorSource } from './descriptor-index.js';
import { Reflection } from './reflection.js';

export interface ReflectionOptions {
  /**
   * Serialized `google.protobuf.FileDescriptorSet`s with their imports, or functions that give one: `fileDescriptorSet` of
   * the generated `*.descriptor.js`. They are read at the first question. Reflection's own and that of the health service
   * are there already.
   */
  readonly descriptors: readonly DescriptorSource[];
  /** Full names to list. Default: every service that the server has when it is asked. It hides no descriptor. */
  readonly services?: readonly string[];
}

/**
 * Adds `grpc.reflection.v1.ServerReflection` and its older `v1alpha`, with which grpcurl and the like call a server without
 * its `.proto` files. Whoever may connect may ask.
 *
 *     addReflection(server, { descriptors: [fileDescriptorSet] });
 *
 * @throws TypeError when it was added before, or `descriptors` is no array.
 */
export function addReflection(server: Server, { descriptors, services }: ReflectionOptions): void {
  if (!Array.isArray(descriptors)) throw new TypeError('descriptors must be an array of FileDescriptorSets');
  const reflection = new Reflection([...descriptors, health, v1, v1alpha], () => services ?? server.services.keys());
  server.add(V1Definition, reflection);
  server.add(V1AlphaDefinition, reflection);
}
