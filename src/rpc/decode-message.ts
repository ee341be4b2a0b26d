import { Code } from './code.js';
import { ProtobufReader } from './protobuf-reader.js';
import { RpcError } from './rpc-error.js';
import type { MessageType } from './service-definition.js';

/** Types generated against another copy of @bufbuild/protobuf, which does not know our reader. */
const foreignTypes = new WeakSet<object>();
let foreignTypesSeen = false;

/** Memory of messages that have a smaller share of it, and that is no longer, is kept until a message of other memory comes. */
const SHARE = 1 / 4;
const LONGEST_SHARED = 256 * 1024;

/** The memory of the last such message, and its reader; undefined while that is in use. */
let sharedMemory: ArrayBufferLike | undefined;
let sharedReader: ProtobufReader | undefined;

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
    return foreignTypesSeen && foreignTypes.has(type) ? type.decode(payload) : decodeInPlace(type, payload);
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

function decodeInPlace<Message>(type: MessageType<Message, never>, payload: Uint8Array): Message {
  const memory = payload.buffer;
  if (payload.length > memory.byteLength * SHARE || memory.byteLength > LONGEST_SHARED) {
    return type.decode(asBytes(new ProtobufReader(payload)));
  }
  const reader = memory === sharedMemory && sharedReader ? sharedReader : new ProtobufReader(new Uint8Array(memory));
  sharedReader = undefined;
  const end = payload.byteOffset + payload.length;
  reader.moveTo(payload.byteOffset, end);
  const message = type.decode(asBytes(reader));
  // Numbers of fixed length are read without a look at the end of the message, and behind it lies another.
  if (reader.pos > end) throw new RangeError('the message ends inside a field');
  sharedMemory = memory;
  sharedReader = reader;
  return message;
}

/** An empty message is valid for every type: only a decoder that does not accept the reader fails on it. */
function isForeign(type: MessageType<unknown, never>): boolean {
  try {
    type.decode(asBytes(new ProtobufReader(new Uint8Array(0))));
    return false;
  } catch {
    return true;
  }
}

/** Generated decoders take a reader in place of the bytes; `MessageType` says why its type does not. */
function asBytes(reader: ProtobufReader): Uint8Array {
  return reader as unknown as Uint8Array;
}
