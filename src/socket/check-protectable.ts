import type { Endpoint } from '../endpoint/endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import { SocketError } from './socket-error.js';

/** Throws SocketError for `protectedPath` on a name. Said rather than ignored: whoever asks for it counts on it. */
export function checkProtectable(endpoint: Endpoint): void {
  if (endpoint.kind !== 'abstract') return;
  const message = 'protectedPath is for paths; on an abstract name allowServer alone says who may be the server';
  throw new SocketError('ERR_PODWIRE_UNSUPPORTED', printEndpoint(endpoint), message);
}
