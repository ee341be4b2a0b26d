import type { Endpoint } from '../endpoint/endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import { errnoName, libc } from './libc.js';
import { SocketError } from './socket-error.js';

/** A new socket for `endpoint`; the caller owns the returned file descriptor. Throws SocketError. */
export function unixStreamSocket(endpoint: Endpoint): number {
  const fd = libc().unixStreamSocket();
  if (fd >= 0) return fd;
  const code = errnoName(fd);
  const fix = code === 'EMFILE' || code === 'ENFILE' ? '; close some files or raise the limit (ulimit -n)' : '';
  throw new SocketError(code, printEndpoint(endpoint), `no socket could be made${fix}`);
}
