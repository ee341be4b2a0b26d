import { Code } from './code.js';
import { ProtobufReader } from './protobuf-reader.js';
import { RpcError } from './rpc-error.js';
import type { MessageType } from './service-definition.js';

/** Types generated against another copy of @bufbuild/protobuf, which does not know our reader. */
const foreignTypes = new WeakSet<object>();
let foreignTypesSeen = false;

/**
 * Decodes one message; its `bytes` fields may be views into the payload, whose memory therefore must never be written again.
 * @param name what the message is, for the error: `request`
 * @throws RpcError INTERNAL when the payload is no such message
 */
export function decodeMessage<Message>(
  type: MessageType<Message, never>,
  payload: Uint8Array,
  name = 'message',
): Message {
  try {
    return foreignTypesSeen && foreignTypes.has(type) ? type.decode(payload) : type.decode(reader(payload));
  } catch (error) {
    if (!foreignTypes.has(type) && isForeign(type)) {
      foreignTypesSeen = true;
      foreignTypes.add(type);
      return decodeMessage(type, payload, name);
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new RpcError(Code.INTERNAL, `cannot decode the ${name} (${payload.length} bytes): ${reason}`, {
      cause: error,
    });
  }
}

/** An empty message is valid for every type: only a decoder that does not accept the reader fails on it. */
function isForeign(type: MessageType<unknown, never>): boolean {
  try {
    type.decode(reader(new Uint8Array(0)));
    return false;
  } catch {
    return true;
  }
}

/** Generated decoders take a reader in place of the bytes; `MessageType` says why its type does not. */
function reader(payload: Uint8Array): Uint8Array {
  return new ProtobufReader(payload) as unknown as Uint8Array;
}
