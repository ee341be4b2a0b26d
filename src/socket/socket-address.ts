import type { AbstractEndpoint, PathEndpoint } from '../endpoint/endpoint.js';
import { AF_UNIX } from './libc.js';

/**
 * `sockaddr_un` of exactly the length that unix(7) asks for: an abstract name is told apart by its length, so nothing
 * is padded; a path ends with its NUL.
 */
export function socketAddress(endpoint: PathEndpoint | AbstractEndpoint): Uint8Array {
  const name = endpoint.kind === 'path' ? Buffer.from(endpoint.path, 'utf8') : endpoint.name;
  const address = new Uint8Array(2 + 1 + name.length);
  new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
  address.set(name, endpoint.kind === 'path' ? 2 : 3);
  return address;
}
