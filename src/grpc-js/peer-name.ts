import type { Peer } from '../socket/peer.js';

/** `unix:///run/x.sock uid=1000 gid=1000 pid=42`, without what is not known. */
export function peerName({ endpoint, uid, gid, pid }: Peer): string {
  const parts = [endpoint];
  if (uid !== undefined) parts.push(`uid=${uid}`);
  if (gid !== undefined) parts.push(`gid=${gid}`);
  if (pid !== undefined) parts.push(`pid=${pid}`);
  return parts.join(' ');
}
