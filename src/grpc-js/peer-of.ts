import type { Peer } from '../socket/peer.js';
import { peerName } from './peer-name.js';

/** Open connections by what `getPeer()` says of their calls. */
const peers = new Map<string, Peer>();
/** Calls that were asked about: grpc-js forgets the name with the connection. */
const known = new WeakMap<object, Peer>();
let connections = 0;

/**
 * The process that made a call, in a handler or interceptor of a grpc-js server that `bindServer` listens for. Undefined
 * for a call that came another way. Ask while the call is open; what was answered once is remembered.
 */
export function peerOf(call: { getPeer(): string }): Peer | undefined {
  const peer = known.get(call) ?? peers.get(call.getPeer());
  if (peer !== undefined) known.set(call, peer);
  return peer;
}

/**
 * Gives a connection its name. It has a number, because one process may have several connections whose peers differ, in
 * their groups for example.
 */
export function namePeer(peer: Peer): { readonly name: string; forget(): void } {
  const name = `${peerName(peer)} connection=${++connections}`;
  peers.set(name, peer);
  return { name, forget: () => peers.delete(name) };
}
