import { Code } from './code.js';
import { raiseLimit } from './raise-limit.js';
import { RpcError } from './rpc-error.js';

/** What we can read, as `grpc-accept-encoding` says it. */
export const acceptEncoding = 'identity,gzip';

const gzip = 'gzip';
const identity = 'identity';

/** Only calls that compress pay for loading zlib. */
function zlib(): typeof import('node:zlib') {
  return process.getBuiltinModule('node:zlib');
}

export function isSupportedEncoding(encoding: string): boolean {
  return encoding === identity || encoding === gzip;
}

/** The names in a `grpc-accept-encoding` field; none when it was not sent. */
export function parseAcceptEncoding(text: string | undefined): string[] {
  if (text === undefined) {
    return [];
  }
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/**
 * Compresses one message, by itself: no context is kept between messages (PROTOCOL-HTTP2.md, Compressed-Flag).
 *
 * Synchronous, as is `decompress`: messages of a call must keep their order, also relative to its end and to cancellation, and zlib's thread
 * pool costs more than it saves on the small messages of a local socket.
 * @throws RpcError INTERNAL when the encoding is not supported
 */
export function compress(encoding: string, payload: Uint8Array): Uint8Array {
  if (encoding === identity) {
    return payload;
  }
  if (encoding === gzip) {
    return zlib().gzipSync(payload);
  }
  throw new RpcError(Code.INTERNAL, `cannot compress with "${encoding}"; supported: ${acceptEncoding}`);
}

/**
 * The message behind a payload whose compressed flag was set.
 * @param encoding the `grpc-encoding` of the stream, `undefined` when it was not sent
 * @param maxLength the most bytes that come out, so that a small bomb does not fill the memory
 * @throws RpcError INTERNAL without an encoding (compression.md, test case 6) or for broken data, UNIMPLEMENTED for an
 * unknown encoding, RESOURCE_EXHAUSTED when the message is larger than `maxLength`
 */
export function decompress(encoding: string | undefined, payload: Uint8Array, maxLength: number): Uint8Array {
  if (encoding === undefined || encoding === identity) {
    throw new RpcError(Code.INTERNAL, 'received a message marked as compressed, but the stream names no encoding');
  }
  if (encoding !== gzip) {
    throw new RpcError(
      Code.UNIMPLEMENTED,
      `message encoding "${encoding}" is not supported; supported: ${acceptEncoding}`,
    );
  }
  try {
    // zlib refuses a limit of zero; an empty message passes with one, and one byte is caught below.
    const limit = Number.isFinite(maxLength) ? { maxOutputLength: Math.max(1, maxLength) } : undefined;
    const message = zlib().gunzipSync(payload, limit);
    if (message.length <= maxLength) {
      return message;
    }
  } catch (error) {
    if (!(error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')) {
      throw new RpcError(Code.INTERNAL, 'received a compressed message that gzip cannot read', { cause: error });
    }
  }
  throw new RpcError(
    Code.RESOURCE_EXHAUSTED,
    `received a message of ${payload.length} bytes that is larger than the limit of ${maxLength} bytes when decompressed; ${raiseLimit}`,
  );
}
