import { channel } from 'node:diagnostics_channel';
import type { EventChannel } from './event-channel.js';
import type { Peer } from './peer.js';
import type { SocketError } from './socket-error.js';

export interface ListenerEvent {
  /** The listener's endpoint in its canonical spelling. */
  readonly address: string;
}

export interface AcceptedEvent extends ListenerEvent {
  readonly peer: Peer;
}

export interface RefusedEvent extends ListenerEvent {
  readonly peer: Peer;
  /** After a limit the peer may try again. */
  readonly cause: 'policy' | 'limit';
  /** What the peer is told. */
  readonly reason: string;
}

export interface ListenerLostEvent extends ListenerEvent {
  /** How; its code is `ERR_PODWIRE_LOST`. */
  readonly error: SocketError;
  /** Whether the path is to be got back (`ListenOptions.relisten`). */
  readonly relistening: boolean;
}

/** What happens to listeners: `listenerEvents.refused` is the channel `podwire:listener:refused`, and so on. */
export const listenerEvents = Object.freeze({
  /** It takes connections. */
  listening: channel('podwire:listener:listening') as EventChannel<ListenerEvent>,
  /** A peer was let in. */
  accepted: channel('podwire:listener:accepted') as EventChannel<AcceptedEvent>,
  /** A peer was turned away. */
  refused: channel('podwire:listener:refused') as EventChannel<RefusedEvent>,
  /** The path does not lead to it any more. */
  lost: channel('podwire:listener:lost') as EventChannel<ListenerLostEvent>,
  /** It has the path back. */
  relistened: channel('podwire:listener:relistened') as EventChannel<ListenerEvent>,
  /** It takes no more connections, and the address is free. */
  closed: channel('podwire:listener:closed') as EventChannel<ListenerEvent>,
});
