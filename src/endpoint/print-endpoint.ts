import type { Endpoint } from './endpoint.js';
import { percentEncode, percentEscape } from './percent-encoding.js';

/**
 * The canonical spelling: `unix:///abs/path`, `unix:relative`, `unix-abstract:name`, `fd:3`, `fd:NAME`.
 * `parseEndpoint` reads it back to an equal endpoint, whatever the bytes.
 */
export function printEndpoint(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case 'path':
      return printPath(endpoint.path);
    case 'abstract':
      return printAbstract(endpoint.name);
    case 'fd':
      return 'fd' in endpoint ? `fd:${endpoint.fd}` : `fd:${endpoint.name}`;
  }
}

function printPath(path: string): string {
  const text = percentEncode(Buffer.from(path, 'utf8'));
  // `unix:@x` and `unix:///@x` mean an abstract name to some readers, and `unix:~` a home folder, so these are escaped.
  if (text.startsWith('/')) return `unix://${text.replace(/^\/@/, '/%40')}`;
  return `unix:${text.replace(/^[@~]/, (character) => percentEscape(character.charCodeAt(0)))}`;
}

function printAbstract(name: Uint8Array): string {
  const text = percentEncode(name);
  // A leading `//` would read as an authority (RFC 3986 section 3).
  return `unix-abstract:${text.startsWith('//') ? percentEscape(0x2f) + text.slice(1) : text}`;
}
