import { closeSync } from 'node:fs';
import type { AbstractEndpoint } from '../endpoint/endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import type { BoundSocket } from './bound-socket.js';
import { errnoName, libc } from './libc.js';
import { socketAddress } from './socket-address.js';
import { SocketError } from './socket-error.js';
import { findHolder, heldBy } from './socket-holder.js';
import { unixStreamSocket } from './unix-stream-socket.js';

/** Listens on exactly this name. The kernel forgets it when the socket closes: nothing is ever stale or to remove. */
export async function bindAbstract(endpoint: AbstractEndpoint, backlog: number): Promise<BoundSocket> {
  const fd = unixStreamSocket(endpoint);
  let result = libc().bind(fd, socketAddress(endpoint));
  if (result >= 0) result = libc().listen(fd, backlog);
  if (result >= 0) return { fd };

  closeSync(fd);
  const code = errnoName(result);
  if (code === 'EADDRINUSE') {
    const holder = await findHolder(endpoint);
    const message = `the name is taken in this network namespace${heldBy(holder)}; stop that server or take another name`;
    throw new SocketError(code, printEndpoint(endpoint), message, { holder });
  }
  const fix = code === 'EACCES' || code === 'EPERM' ? '; a security module forbids it, see the audit log' : '';
  throw new SocketError(code, printEndpoint(endpoint), `the name could not be bound${fix}`);
}
