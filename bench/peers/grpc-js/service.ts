import type { MethodDefinition } from '@grpc/grpc-js';
import { TestServiceDefinition } from '../../../gen/grpc/testing/test.js';

type AnyMethod = (typeof TestServiceDefinition.methods)[keyof typeof TestServiceDefinition.methods];

/** The same generated codec as podwire's, so that the benchmark compares transports. */
function method(definition: AnyMethod): MethodDefinition<object, object> {
  const { requestType, responseType } = definition;
  return {
    path: `/${TestServiceDefinition.fullName}/${definition.name}`,
    requestStream: definition.requestStream,
    responseStream: definition.responseStream,
    requestSerialize: (message) =>
      Buffer.from(requestType.encode(requestType.fromPartial(message as never) as never).finish()),
    requestDeserialize: (bytes) => requestType.decode(bytes),
    responseSerialize: (message) =>
      Buffer.from(responseType.encode(responseType.fromPartial(message as never) as never).finish()),
    responseDeserialize: (bytes) => responseType.decode(bytes),
  };
}

export const service = {
  unaryCall: method(TestServiceDefinition.methods.unaryCall),
  streamingOutputCall: method(TestServiceDefinition.methods.streamingOutputCall),
};
