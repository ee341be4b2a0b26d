import type { Peer } from './peer.js';
import { allows, describePolicy, type PeerPolicy } from './peer-policy.js';

/** Why `policy` does not let `peer` in, as a phrase for logs and errors; undefined when it does. */
export function peerRefusal(policy: PeerPolicy, peer: Peer): string | undefined {
  return allows(policy, peer) ? undefined : `${describePeer(peer)} is not allowed by ${describePolicy(policy)}`;
}

/** `uid 1000, gid 1000, pid 4711`. */
export function describePeer(peer: Peer): string {
  if (peer.uid === undefined) return 'a peer whose user is unknown';
  const known = [`uid ${peer.uid}`];
  if (peer.gid !== undefined) known.push(`gid ${peer.gid}`);
  if (peer.pid !== undefined) known.push(`pid ${peer.pid}`);
  return `the peer (${known.join(', ')})`;
}
