import { channel } from 'node:diagnostics_channel';
import type { EventChannel } from '../socket/event-channel.js';
import type { Peer } from '../socket/peer.js';
import type { CallResult, CallStart } from '../transport/call-events.js';
import type { ConnectionEnd } from '../transport/connection-end.js';

export interface ChannelEvent {
  /** The channel's endpoint in its canonical spelling. */
  readonly address: string;
}

export interface ConnectingEvent extends ChannelEvent {
  /** 1 for the first attempt since the channel was made or last connected. */
  readonly attempt: number;
}

export interface ConnectedEvent extends ChannelEvent {
  /** The server's process. */
  readonly peer: Peer;
}

export interface ConnectFailedEvent extends ConnectingEvent {
  readonly error: unknown;
  /** Milliseconds until the next attempt; undefined when nobody waits for one: the next call makes it. */
  readonly retryInMs: number | undefined;
}

export interface ChannelDisconnectedEvent extends ConnectedEvent, ConnectionEnd {}

export interface GoawayEvent extends ConnectedEvent {
  /** The error code of HTTP/2; 0, NO_ERROR, when the server shuts down. */
  readonly errorCode: number;
  /** What the server says. */
  readonly reason: string;
}

export interface ChannelCallStart extends CallStart, ChannelEvent {}

export interface ChannelCallEnd extends ChannelCallStart, CallResult {}

/** What happens to channels: `channelEvents.connected` is the channel `podwire:channel:connected`, and so on. */
export const channelEvents = Object.freeze({
  /** An attempt to connect begins. */
  connecting: channel('podwire:channel:connecting') as EventChannel<ConnectingEvent>,
  /** The server has answered the handshake. */
  connected: channel('podwire:channel:connected') as EventChannel<ConnectedEvent>,
  /** The attempt failed, or the server turned this process away. */
  connectFailed: channel('podwire:channel:connectFailed') as EventChannel<ConnectFailedEvent>,
  /** The server says that it takes no more calls on the connection. */
  goaway: channel('podwire:channel:goaway') as EventChannel<GoawayEvent>,
  /** The connection is over. */
  disconnected: channel('podwire:channel:disconnected') as EventChannel<ChannelDisconnectedEvent>,
  /** `close` is done. */
  closed: channel('podwire:channel:closed') as EventChannel<ChannelEvent>,
  /** A call was made; it may still have to wait for a connection. */
  callStart: channel('podwire:channel:callStart') as EventChannel<ChannelCallStart>,
  callEnd: channel('podwire:channel:callEnd') as EventChannel<ChannelCallEnd>,
});
