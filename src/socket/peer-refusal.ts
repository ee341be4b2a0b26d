import type { Peer } from './peer.js';
import { decide, describePolicy, type PeerPolicy } from './peer-policy.js';

export interface PeerRefusal {
  /** A phrase for logs and errors. */
  readonly reason: string;
  /** What the policy has thrown, if it has. */
  readonly cause?: unknown;
}

/** Why `policy` does not let `peer` in; undefined when it does. */
export function peerRefusal(policy: PeerPolicy, peer: Peer): PeerRefusal | undefined {
  try {
    if (decide(policy, peer)) return undefined;
    return { reason: `${describePeer(peer)} is not allowed by ${describePolicy(policy)}` };
  } catch (cause) {
    return { reason: `${describePeer(peer)} is not allowed: ${describePolicy(policy)} has failed`, cause };
  }
}

function describePeer(peer: Peer): string {
  if (peer.uid === undefined) return 'a peer whose user is unknown';
  const known = [`uid ${peer.uid}`];
  if (peer.gid !== undefined) known.push(`gid ${peer.gid}`);
  if (peer.pid !== undefined) known.push(`pid ${peer.pid}`);
  return `the peer (${known.join(', ')})`;
}
