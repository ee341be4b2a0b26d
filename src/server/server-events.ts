import { channel } from 'node:diagnostics_channel';
import type { EventChannel } from '../socket/event-channel.js';
import type { Peer } from '../socket/peer.js';
import type { CallResult, CallStart } from '../transport/call-events.js';
import type { ConnectionEnd } from '../transport/connection-end.js';

export interface DisconnectedEvent extends ConnectionEnd {
  /** Who was connected, and where (`peer.endpoint`). */
  readonly peer: Peer;
  readonly durationMs: number;
}

export interface ServerCallStart extends CallStart {
  /** Who calls. */
  readonly peer: Peer;
}

export interface ServerCallEnd extends ServerCallStart, CallResult {}

/** What happens on the connections of servers: `serverEvents.callEnd` is the channel `podwire:server:callEnd`, and so on. */
export const serverEvents = Object.freeze({
  /** A connection is closed. Its beginning is `listenerEvents.accepted`. */
  disconnected: channel('podwire:server:disconnected') as EventChannel<DisconnectedEvent>,
  /** A handler was found for a request. */
  callStart: channel('podwire:server:callStart') as EventChannel<ServerCallStart>,
  /** The status was sent, or nobody is there to get it. The handler may still run. */
  callEnd: channel('podwire:server:callEnd') as EventChannel<ServerCallEnd>,
});
