import type { Endpoint } from '../endpoint/endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import { errnoName, libc } from './libc.js';
import { SocketError } from './socket-error.js';

/** A new socket for `endpoint`; the caller owns the returned file descriptor. Throws SocketError. */
export function unixStreamSocket(endpoint: Endpoint): number {
  requireLibc(endpoint);
  const fd = libc().unixStreamSocket();
  if (fd >= 0) return fd;
  const code = errnoName(fd);
  const fix = code === 'EMFILE' || code === 'ENFILE' ? '; close some files or raise the limit (ulimit -n)' : '';
  throw new SocketError(code, printEndpoint(endpoint), `no socket could be made${fix}`);
}

/** Throws a SocketError that says what to do where the calls of libc cannot be had. */
export function requireLibc(endpoint: Endpoint): void {
  if (process.platform !== 'linux') {
    throw new SocketError(
      'ERR_PODWIRE_UNSUPPORTED',
      printEndpoint(endpoint),
      `podwire makes its sockets on Linux; ${process.platform} is not supported yet`,
    );
  }
  try {
    libc();
  } catch (cause) {
    throw new SocketError(
      'ERR_PODWIRE_UNSUPPORTED',
      printEndpoint(endpoint),
      'koffi could not be loaded; install podwire with its optional packages (no --omit=optional) for this platform',
      { cause },
    );
  }
}
