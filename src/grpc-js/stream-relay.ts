import { ErrorCode } from '../http2/error-code.js';
import type { HeaderFields } from '../http2/hpack/header-fields.js';
import type { Http2Stream } from '../http2/stream.js';
import type { StreamFailure, StreamHandler } from '../http2/stream-handler.js';
import { Code } from '../rpc/code.js';
import { parseTrailers } from '../rpc/trailer-status.js';
import { failureStatus } from '../transport/failure-status.js';

/** How a relayed call ended. */
export interface RelayedStatus {
  readonly code: Code;
  readonly message: string;
}

const nothing = new Uint8Array(0);

/**
 * One of two streams that are joined: whatever comes on it goes out on the other one. Octets are held, and the sender gets no
 * credit for them, until the other stream has sent them.
 */
export class StreamRelay implements StreamHandler {
  readonly #stream: Http2Stream;
  readonly #from: 'peer' | 'server';
  #other!: StreamRelay;
  #onStatus: ((status: RelayedStatus, reset: boolean) => void) | undefined;
  /** Octets that came on this stream and are queued on the other one. */
  #unsent = 0;
  /** The end that came behind them: trailers, or an empty list for END_STREAM alone. */
  #end: HeaderFields | undefined;

  private constructor(stream: Http2Stream, from: 'peer' | 'server') {
    this.#stream = stream;
    this.#from = from;
    stream.handler = this;
  }

  /** Joins a peer's stream with the one that was opened to the server for it. `onStatus` hears, once, how the call ended, and whether the peer reset it. */
  static join(outer: Http2Stream, inner: Http2Stream, onStatus: (status: RelayedStatus, reset: boolean) => void): void {
    const peer = new StreamRelay(outer, 'peer');
    const server = new StreamRelay(inner, 'server');
    peer.#other = server;
    server.#other = peer;
    server.#onStatus = onStatus;
  }

  onHeaders(_stream: Http2Stream, fields: HeaderFields, endStream: boolean): void {
    if (endStream && this.#from === 'server') this.#tell(parseTrailers(fields));
    if (endStream && this.#unsent > 0) this.#end = fields;
    else this.#other.#stream.sendHeaders(fields, endStream);
  }

  onData(stream: Http2Stream, payload: Uint8Array, endStream: boolean): void {
    const to = this.#other.#stream;
    if (payload.length > 0) {
      // Copied: it is queued, and what was received is valid only now. Not with `slice`, which on a Buffer does not copy.
      const copy = Uint8Array.prototype.slice.call(payload);
      // Without END_STREAM: `onWritable` does not come for a stream that has ended.
      if (to.sendData(copy, false)) stream.release(payload.length);
      else this.#unsent += payload.length;
    }
    if (!endStream) return;
    if (this.#from === 'server') this.#tell(parseTrailers([]));
    if (this.#unsent > 0) this.#end = [];
    else to.sendData(nothing, true);
  }

  onWritable(): void {
    this.#other.#sent();
  }

  onFailure(stream: Http2Stream, failure: StreamFailure): void {
    const other = this.#other.#stream;
    // Neither what is queued on this stream nor what came on it is waited for any more.
    this.#unsent = this.#other.#unsent = 0;
    stream.release(stream.held);
    other.release(other.held);
    if (this.#from === 'server' && this.#end !== undefined) {
      // The server has answered and reads no more; the answer still goes to the peer.
      other.resetWhenSent = true;
      return;
    }
    const { code, message } = failureStatus(failure);
    // A caller that went away has cancelled.
    const isGone = this.#from === 'peer' && code === Code.UNAVAILABLE;
    (this.#from === 'peer' ? this.#other : this).#tell(
      { code: isGone ? Code.CANCELLED : code, message },
      this.#from === 'peer' && failure.origin === 'remote',
    );
    const errorCode = this.#from === 'peer' ? peerGaveUp(failure) : serverGaveUp(failure);
    if (errorCode !== undefined) other.reset(errorCode);
  }

  #tell(status: RelayedStatus, reset = false): void {
    this.#onStatus?.(status, reset);
    this.#onStatus = undefined;
  }

  #sent(): void {
    const unsent = this.#unsent;
    this.#unsent = 0;
    this.#stream.release(unsent);
    const end = this.#end;
    if (end === undefined) return;
    this.#end = undefined;
    const to = this.#other.#stream;
    if (end.length === 0) to.sendData(nothing, true);
    else to.sendHeaders(end, true);
  }
}

function peerGaveUp({ origin, errorCode }: StreamFailure): number {
  return origin === 'remote' ? errorCode : ErrorCode.CANCEL;
}

/** Undefined when the session is over as a whole: the peer then loses its connection, as it would without us. */
function serverGaveUp({ origin, errorCode, unprocessed }: StreamFailure): number | undefined {
  if (unprocessed) return ErrorCode.REFUSED_STREAM;
  return origin === 'connection' ? undefined : errorCode;
}
