import type { AbstractEndpoint, PathEndpoint } from '../endpoint/endpoint.js';
import { SocketError } from './socket-error.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What node:net calls the address: it takes text, and a NUL in front for an abstract name. Throws SocketError. */
export function nodeSocketName(endpoint: PathEndpoint | AbstractEndpoint, shown: string): string {
  if (endpoint.kind === 'path') {
    if (process.platform !== 'win32') return endpoint.path;
    throw new SocketError('ERR_PODWIRE_UNSUPPORTED', shown, 'podwire needs the Unix sockets of Linux or macOS');
  }
  if (process.platform !== 'linux') {
    const message = 'abstract sockets are a feature of Linux; use a path, such as unix:///tmp/x.sock';
    throw new SocketError('ERR_PODWIRE_UNSUPPORTED', shown, message);
  }
  try {
    return `\0${utf8.decode(endpoint.name)}`;
  } catch {
    const message = 'a name that is not UTF-8 needs koffi, which could not be loaded; install it for this platform';
    throw new SocketError('ERR_PODWIRE_UNSUPPORTED', shown, message);
  }
}
