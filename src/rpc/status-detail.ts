import type { AnyMessageType, MessageIn, MessageOut } from './service-definition.js';

/** One detail of a status: a `google.protobuf.Any`. */
export interface StatusDetail {
  /** `type.googleapis.com/google.rpc.BadRequest` */
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/**
 * Packs a message as a detail of an error. Generated types do not carry their own name, so it is given beside them:
 * `packDetail('google.rpc.RetryInfo', RetryInfo, { retryDelay: { seconds: 1n } })`.
 */
export function packDetail<Type extends AnyMessageType>(
  typeName: string,
  type: Type,
  message: MessageIn<Type>,
): StatusDetail {
  return {
    typeUrl: `type.googleapis.com/${typeName}`,
    value: type.encode(type.fromPartial(message)).finish(),
  };
}

/**
 * The first detail of that type, decoded; `undefined` when there is none.
 * @throws what the decoder throws when the bytes are not such a message
 */
export function findDetail<Type extends AnyMessageType>(
  error: { readonly details: readonly StatusDetail[] },
  typeName: string,
  type: Type,
): MessageOut<Type> | undefined {
  for (const { typeUrl, value } of error.details) {
    // Only what follows the last slash names the type (google/protobuf/any.proto).
    if (typeUrl.slice(typeUrl.lastIndexOf('/') + 1) === typeName) {
      return type.decode(value) as MessageOut<Type>;
    }
  }
  return undefined;
}
