import type { MethodDefinition } from '@grpc/grpc-js';
import { ControllerDefinition } from '../../../gen/csi/v1/csi.js';
import { TestServiceDefinition } from '../../../gen/grpc/testing/test.js';

interface Codec {
  encode(message: never): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
}

interface Method {
  readonly name: string;
  readonly requestType: Codec;
  readonly responseType: Codec;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** What ts-proto generates for grpc-js: the same codec as podwire's, so that the benchmark compares transports. */
function method(service: string, definition: Method): MethodDefinition<object, object> {
  const { name, requestType, responseType, requestStream, responseStream } = definition;
  const serialize = (codec: Codec) => (message: object) => Buffer.from(codec.encode(message as never).finish());
  return {
    path: `/${service}/${name}`,
    requestStream,
    responseStream,
    requestSerialize: serialize(requestType),
    requestDeserialize: (bytes) => requestType.decode(bytes),
    responseSerialize: serialize(responseType),
    responseDeserialize: (bytes) => responseType.decode(bytes),
  };
}

const { emptyCall, unaryCall, streamingOutputCall, streamingInputCall, fullDuplexCall } = TestServiceDefinition.methods;
const { createVolume, listVolumes } = ControllerDefinition.methods;

export const testService = {
  emptyCall: method(TestServiceDefinition.fullName, emptyCall),
  unaryCall: method(TestServiceDefinition.fullName, unaryCall),
  streamingOutputCall: method(TestServiceDefinition.fullName, streamingOutputCall),
  streamingInputCall: method(TestServiceDefinition.fullName, streamingInputCall),
  fullDuplexCall: method(TestServiceDefinition.fullName, fullDuplexCall),
};

export const controllerService = {
  createVolume: method(ControllerDefinition.fullName, createVolume),
  listVolumes: method(ControllerDefinition.fullName, listVolumes),
};
