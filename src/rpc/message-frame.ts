import { Code } from './code.js';
import { compress } from './compression.js';
import { MESSAGE_PREFIX_LENGTH } from './message-prefix.js';
import { ProtobufWriter } from './protobuf-writer.js';
import { recycledMemory } from './recycled-memory.js';
import { RpcError } from './rpc-error.js';
import type { MessageType } from './service-definition.js';

const emptyPrefix = new Uint8Array(MESSAGE_PREFIX_LENGTH);

/** Kept between messages for its slab; taken away while in use, because a getter of one message may encode another. */
let idleWriter: ProtobufWriter | undefined;

/**
 * One length-prefixed message, ready for DATA frames. Fields may be missing, as in ts-proto's `fromPartial`. A large one lies
 * in `recycledMemory`: who has sent it and does not keep it says so with `letGo`.
 * @param encoding compresses the message when given (not `identity`)
 * @throws TypeError when there is no message; RpcError INTERNAL when a field has a value that its type cannot hold
 */
export function encodeMessage<Partial>(
  // biome-ignore lint/suspicious/noExplicitAny: what goes in is `Partial`; the full message stays between the type's own functions
  type: MessageType<any, Partial>,
  message: Partial,
  encoding?: string,
): Uint8Array {
  if (message === undefined || message === null) {
    throw new TypeError(`the message is ${message}; give an object, {} for an empty one`);
  }
  const writer = idleWriter ?? new ProtobufWriter();
  idleWriter = undefined;
  let frame: Uint8Array;
  try {
    // The prefix is reserved first and filled in when the length is known.
    writer.raw(emptyPrefix);
    type.encode(type.fromPartial(message), writer as never);
    frame = writer.finish();
  } catch (error) {
    writer.abandon();
    const reason = error instanceof Error ? error.message : String(error);
    throw new RpcError(Code.INTERNAL, `cannot encode the message: ${reason}`, { cause: error });
  } finally {
    idleWriter = writer;
  }
  if (encoding !== undefined && encoding !== 'identity') {
    const compressed = frameMessage(compress(encoding, frame.subarray(MESSAGE_PREFIX_LENGTH)), true);
    recycledMemory.letGo(frame);
    return compressed;
  }
  writeLength(frame);
  return frame;
}

/** The same for a message that is encoded already; copies it once. */
export function frameMessage(payload: Uint8Array, compressed = false): Uint8Array {
  const frame = new Uint8Array(MESSAGE_PREFIX_LENGTH + payload.length);
  frame[0] = compressed ? 1 : 0;
  frame.set(payload, MESSAGE_PREFIX_LENGTH);
  writeLength(frame);
  return frame;
}

function writeLength(frame: Uint8Array): void {
  const length = frame.length - MESSAGE_PREFIX_LENGTH;
  frame[1] = length >>> 24;
  frame[2] = length >>> 16;
  frame[3] = length >>> 8;
  frame[4] = length;
}
