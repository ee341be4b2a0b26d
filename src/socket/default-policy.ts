import type { Endpoint } from '../endpoint/endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import { anyOf, anyone, type PeerPolicy, sameUser, users } from './peer-policy.js';
import { SocketError } from './socket-error.js';

/**
 * Whom a listener lets in when nobody said. On a path the mode of the file decides. An abstract name has no
 * permissions: the same user; and root must say it, since on a shared network namespace every root container is that
 * same user (CVE-2020-15257).
 */
export function defaultClientPolicy(endpoint: Endpoint): PeerPolicy {
  if (endpoint.kind === 'path') return anyone();
  if (process.geteuid?.() !== 0) return sameUser();
  const address = printEndpoint(endpoint);
  throw new SocketError(
    'ERR_PODWIRE_POLICY_REQUIRED',
    address,
    'an abstract name has no permissions, and as root there is no safe default for who may connect. Say it: ' +
      `listen(${JSON.stringify(address)}, { allowPeer: users(0) }) for root alone, which includes root in other ` +
      'containers of this network namespace; or groups(...), anyone() ...',
  );
}

/**
 * Whom a client trusts to be the server when nobody said. Whoever binds an abstract name first owns it, so there the
 * server must be our own user or root; also on a path that is to be protected, which it is for its owners alone.
 */
export function defaultServerPolicy(endpoint: Endpoint, protectedPath: boolean): PeerPolicy {
  return endpoint.kind === 'path' && !protectedPath ? anyone() : anyOf(sameUser(), users(0));
}
