import type { Socket } from 'node:net';

/** More than fits into a Unix socket's send buffer by default (212,992 octets), so that one read takes all that waits. */
const READ_LENGTH = 256 * 1024;

/** What Node keeps below a socket: public as the `onread` option of sockets that are made, but not of those that are accepted. */
interface StreamHandle {
  /** Octets so far, those of the present read included. */
  readonly bytesRead: number;
  /** Called after each read, of octets, EOF or an error. */
  onread: (this: StreamHandle, chunk?: ArrayBuffer) => unknown;
  useUserBuffer(buffer: Uint8Array): void;
}

/** One for all sockets: what was read is dealt with before the next read begins. */
let buffer: Buffer | undefined;

/**
 * From now on what arrives on `socket` is read into one buffer that all sockets share and given to `onBytes`, valid during
 * the call, instead of becoming a 'data' event with 64 KiB of its own; this halves the garbage of large messages. EOF, errors,
 * `pause` and `resume` stay Node's. What was read before, and all where Node cannot do this, still comes as 'data'.
 */
export function readInPlace(socket: Socket, onBytes: (bytes: Uint8Array) => void): void {
  const { _handle: handle } = socket as Socket & { readonly _handle?: StreamHandle | null };
  if (typeof handle?.useUserBuffer !== 'function' || typeof handle.bytesRead !== 'number') return;
  const shared = (buffer ??= Buffer.allocUnsafeSlow(READ_LENGTH));
  const nodeOnread = handle.onread;
  let before = handle.bytesRead;
  handle.useUserBuffer(shared);
  handle.onread = function (chunk) {
    const length = this.bytesRead - before;
    if (length === 0) return nodeOnread.call(this, chunk);
    before += length;
    onBytes(shared.subarray(0, length));
    return undefined;
  };
}
