import type { Endpoint, InheritedEndpoint } from '../endpoint/endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import type { BoundSocket } from './bound-socket.js';
import { hasLibc } from './has-libc.js';
import { inheritedDescriptors } from './inherited-descriptors.js';
import { AF_UNIX, libc, SO_ACCEPTCONN, SO_DOMAIN, SO_TYPE, SOCK_STREAM } from './libc.js';
import { SocketError } from './socket-error.js';

/** A socket that somebody else has bound, and the address it has. */
export interface InheritedSocket extends BoundSocket {
  readonly address: Endpoint;
}

/**
 * Takes over a listening socket that this process was started with. It must be a Unix stream socket that listens
 * already; its file, if it has one, belongs to whoever made it and is never removed. Throws SocketError.
 */
export function inheritedSocket(endpoint: InheritedEndpoint): InheritedSocket {
  const shown = printEndpoint(endpoint);
  if (!hasLibc(shown)) {
    const message = 'an inherited socket is checked through koffi, on Linux; install koffi for this platform';
    throw new SocketError('ERR_PODWIRE_UNSUPPORTED', shown, message);
  }
  const fd = 'fd' in endpoint ? endpoint.fd : onlyDescriptor(endpoint.name, shown);
  const wrong = whatIsWrong(fd);
  if (wrong !== undefined) throw new SocketError('EINVAL', shown, `descriptor ${fd} ${wrong}`);
  libc().closeOnExec(fd);
  return { fd, address: addressOf(fd, shown) };
}

function onlyDescriptor(name: string, shown: string): number {
  let found: readonly number[];
  try {
    found = inheritedDescriptors(name);
  } catch (cause) {
    throw new SocketError('ENOENT', shown, (cause as Error).message);
  }
  if (found.length > 1) {
    const choices = found.map((fd) => `fd:${fd}`).join(', ');
    throw new SocketError('EINVAL', shown, `several sockets have this name; write one of ${choices}`);
  }
  return found[0]!;
}

function whatIsWrong(fd: number): string | undefined {
  const domain = integerOption(fd, SO_DOMAIN);
  if (domain === undefined) return 'is no socket; start the process with one, for example by systemd socket activation';
  if (domain !== AF_UNIX) return 'is no Unix socket; give the unit a path or an @name in ListenStream=';
  if (integerOption(fd, SO_TYPE) !== SOCK_STREAM) return 'is no stream socket; use ListenStream=';
  if (integerOption(fd, SO_ACCEPTCONN) !== 1) return 'does not listen; a unit for podwire needs Accept=no';
  return undefined;
}

function integerOption(fd: number, option: number): number | undefined {
  const value = new Int32Array(1);
  return libc().socketOption(fd, option, new Uint8Array(value.buffer)) === 4 ? value[0] : undefined;
}

function addressOf(fd: number, shown: string): Endpoint {
  // sockaddr_un, and one byte for the NUL of a path that fills it (unix(7), BUGS).
  const address = new Uint8Array(2 + 108 + 1);
  const length = libc().socketName(fd, address);
  if (length < 3) throw new SocketError('EINVAL', shown, `descriptor ${fd} has no name`);
  if (address[2] === 0) return { kind: 'abstract', name: address.slice(3, length) };
  const end = address.indexOf(0, 2);
  return { kind: 'path', path: Buffer.from(address.subarray(2, end < 0 ? length : end)).toString('utf8') };
}
