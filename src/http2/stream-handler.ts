import type { HeaderFields } from './hpack/header-fields.js';
import type { Http2Stream } from './stream.js';

/** Why a stream ended before both sides had said all. */
export interface StreamFailure {
  /** The code of the RST_STREAM, or what a lost connection amounts to. */
  readonly errorCode: number;
  /** Whose decision it was: a RST_STREAM of the peer, a fault that this side found, or the end of the connection. */
  readonly origin: 'remote' | 'local' | 'connection';
  /** True when the peer has certainly not looked at the stream, so that the call may be made again (RFC 9113 section 8.7). */
  readonly unprocessed: boolean;
  /** What happened, in words. */
  readonly reason: string;
}

/**
 * The owner of a stream. Calls come from inside `Http2Connection.receive`; a handler may send, reset and release, but
 * must not call `receive`.
 */
export interface StreamHandler {
  /** A header section: the response headers of a client's stream, or trailers. `fields` may be frozen: others get it too. */
  onHeaders(stream: Http2Stream, fields: HeaderFields, endStream: boolean): void;
  /**
   * A piece of a DATA frame's payload, a view into the received chunk: valid during the call only. Its octets count as held, and are not credited to
   * the peer, until `stream.release`.
   */
  onData(stream: Http2Stream, payload: Uint8Array, endStream: boolean): void;
  /** All that was queued went out, the end of this side included. */
  onWritable(stream: Http2Stream): void;
  /** The stream is gone; nothing more comes. Not called for a stream that ended well or was reset by its own handler. */
  onFailure(stream: Http2Stream, failure: StreamFailure): void;
}
