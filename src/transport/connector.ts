import type { Peer } from '../socket/peer.js';
import type { ByteStream } from './byte-stream.js';

/** A byte stream to somebody, and who that is. */
export interface Connection {
  readonly stream: ByteStream;
  readonly peer: Peer;
}

/**
 * Makes one attempt to reach the server of a channel.
 *
 * @throws RpcError: UNAVAILABLE when it may go better later, another code when it will not.
 */
export type Connector = (signal: AbortSignal) => Promise<Connection>;
