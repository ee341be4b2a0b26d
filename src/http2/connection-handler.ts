import type { ConnectionError } from './connection-error.js';
import type { HeaderFields } from './hpack/header-fields.js';
import type { Settings } from './settings.js';
import type { Http2Stream } from './stream.js';

/** The owner of a connection. Calls come from inside `receive`, `handleTimeout` and the sending methods. */
export interface ConnectionHandler {
  /** Something was added to `connection.output`. Called often: only remember that a write is due. */
  onOutput(): void;
  /** Server: a request arrived. The owner must set `stream.handler`, or reset the stream, before it returns. */
  onStream(stream: Http2Stream, fields: HeaderFields, endStream: boolean): void;
  /** The peer's SETTINGS; the first one ends the handshake. */
  onSettings(settings: Readonly<Settings>): void;
  /** A stream ended. Clients use it to start a call that waits for the peer's stream limit. */
  onStreamClosed(stream: Http2Stream): void;
  /** The peer will take no streams above `lastStreamId`. */
  onGoaway(lastStreamId: number, errorCode: number, debugData: string): void;
  /** The answer to `sendPing(payload)`. */
  onPingAcknowledged(payload: bigint): void;
  /** The connection is over; what `output` holds should still be written, then the bytes end. Called once. */
  onEnd(error: ConnectionError | undefined): void;
}
