import { createFileRegistry, type DescService, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { fileDescriptorSet } from '../../../../gen/grpc/testing/test.descriptor.js';

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, fileDescriptorSet()));

/** A service of gen/grpc/testing as connect wants it, from the descriptor set beside the generated code. */
function service(name: string): DescService {
  const found = registry.getService(name);
  if (found === undefined) throw new Error(`gen/grpc/testing/test.descriptor.ts has no ${name}`);
  return found;
}

export const testService = service('grpc.testing.TestService');
export const unimplementedService = service('grpc.testing.UnimplementedService');
