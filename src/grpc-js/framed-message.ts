import { compress } from '../rpc/compression.js';
import { frameMessage as frameInOne } from '../rpc/message-frame.js';

/** A message that is at least this long is sent from where it lies, in octets. */
const REFERENCE_LENGTH = 16 * 1024;

/** A length-prefixed message, in pieces that follow each other. */
export interface FramedMessage {
  readonly parts: readonly Uint8Array[];
  readonly length: number;
}

/** Frames a message that is encoded already. The memory of a large one must not change until it was sent. */
export function frameMessage(message: Uint8Array, encoding: 'identity' | 'gzip'): FramedMessage {
  if (encoding !== 'identity') return whole(frameInOne(compress(encoding, message), true));
  if (message.length < REFERENCE_LENGTH) return whole(frameInOne(message));
  const prefix = new Uint8Array(5);
  new DataView(prefix.buffer).setUint32(1, message.length);
  return { parts: [prefix, message], length: prefix.length + message.length };
}

function whole(frame: Uint8Array): FramedMessage {
  return { parts: [frame], length: frame.length };
}
