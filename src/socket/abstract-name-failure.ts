import type { AbstractEndpoint } from '../endpoint/endpoint.js';
import { SocketError } from './socket-error.js';
import { findHolder, heldBy } from './socket-holder.js';

/** Why an abstract name could not be bound, and what to do. */
export async function abstractNameFailure(
  code: string,
  endpoint: AbstractEndpoint,
  shown: string,
): Promise<SocketError> {
  if (code === 'EADDRINUSE') {
    const holder = await findHolder(endpoint);
    const message = `the name is taken in this network namespace${heldBy(holder)}; stop that server or take another name`;
    return new SocketError(code, shown, message, { holder });
  }
  const fix = code === 'EACCES' || code === 'EPERM' ? '; a security module forbids it, see the audit log' : '';
  return new SocketError(code, shown, `the name could not be bound${fix}`);
}
