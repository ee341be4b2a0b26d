import { createFileRegistry, type DescService, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** A service from a FileDescriptorSet: connect's codec works from descriptors; generated code would only bring types. */
export function service(descriptors: Uint8Array, name: string): DescService {
  const found = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors)).getService(name);
  if (found === undefined) throw new Error(`${name} is not in its descriptor set`);
  return found;
}
