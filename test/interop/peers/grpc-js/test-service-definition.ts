import type { MethodDefinition } from '@grpc/grpc-js';
import { TestServiceDefinition, UnimplementedServiceDefinition } from '../../../../gen/grpc/testing/test.js';

interface Message {
  encode(message: never): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
  fromPartial(partial: never): unknown;
}

interface GenericMethod {
  name: string;
  requestType: Message;
  requestStream: boolean;
  responseType: Message;
  responseStream: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: grpc-js types one definition per message pair; here all share one table
type AnyMethod = MethodDefinition<any, any>;

function serializer({ encode, fromPartial }: Message): (partial: unknown) => Buffer {
  return (partial) => Buffer.from(encode(fromPartial(partial as never) as never).finish());
}

/** The methods of a generated definition as grpc-js wants them. */
export function methodsOf(service: {
  fullName: string;
  methods: Record<string, GenericMethod>;
}): Record<string, AnyMethod> {
  return Object.fromEntries(
    Object.entries(service.methods).map(([key, method]): [string, AnyMethod] => [
      key,
      {
        path: `/${service.fullName}/${method.name}`,
        requestStream: method.requestStream,
        responseStream: method.responseStream,
        requestSerialize: serializer(method.requestType),
        requestDeserialize: (bytes) => method.requestType.decode(bytes),
        responseSerialize: serializer(method.responseType),
        responseDeserialize: (bytes) => method.responseType.decode(bytes),
      },
    ]),
  );
}

/** The generated definitions as grpc-js wants them. */
export const testServiceDefinition = methodsOf(TestServiceDefinition);
export const unimplementedServiceDefinition = methodsOf(UnimplementedServiceDefinition);
