import { warnOfNodeSockets } from './has-libc.js';
import { decide, describePolicy, type PeerPolicy } from './peer-policy.js';
import { SocketError } from './socket-error.js';

/**
 * Where nobody can tell who is at the other end: throws a SocketError for a policy that would let nobody pass, rather
 * than refuse one peer after the other, and says once what else does not hold.
 */
export function checkWithoutCredentials(option: string, policy: PeerPolicy, shown: string): void {
  warnOfNodeSockets();
  if (decide(policy, { groups: [], endpoint: shown })) return;
  const fix = process.platform === 'linux' ? 'Install koffi for this platform' : 'That needs Linux';
  throw new SocketError(
    'ERR_PODWIRE_UNSUPPORTED',
    shown,
    `who is at the other end cannot be known here, so ${describePolicy(policy)} would refuse everybody. ${fix}, ` +
      `or say that it does not matter: { ${option}: anyone() }`,
  );
}
