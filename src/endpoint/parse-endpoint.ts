import type { Endpoint } from './endpoint.js';
import { EndpointError } from './endpoint-error.js';
import { percentDecode, percentEncode } from './percent-encoding.js';

export interface ParseEndpointOptions {
  /**
   * Whose reading of the two ambiguous spellings to take: `go` (grpc-go) reads `unix:@name` as an abstract name and
   * `unix:///@name` as a file; `kms` (Kubernetes KMS v2) reads `unix:///@name` as an abstract name. Without it both
   * are refused.
   */
  readonly dialect?: 'go' | 'kms';
}

/** sun_path of sockaddr_un holds 108 bytes: a path ends with a NUL, an abstract name starts with one (unix(7)). */
const LONGEST_NAME = 107;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads an address, or checks one that is already an object.
 *
 * - path: `unix:///run/x.sock`, `unix:/run/x.sock`, `unix:rel/x.sock` (`%XX` decoded), and literally `/run/x.sock`,
 *   `./x.sock`, `../x.sock`
 * - abstract: `unix-abstract:name` (`%XX` decoded), and literally `@name`, `unix://@name`, or a string that starts
 *   with NUL
 * - inherited: `fd:3`, `fd:NAME`
 *
 * Throws EndpointError for everything else; nothing is ever looked up in DNS.
 */
export function parseEndpoint(input: string | Endpoint, options: ParseEndpointOptions = {}): Endpoint {
  if (typeof input === 'string') return parseText(input, options.dialect);
  return checkObject(input);
}

function parseText(text: string, dialect: 'go' | 'kms' | undefined): Endpoint {
  const shown = JSON.stringify(text);
  if (text === '') throw new EndpointError(shown, 'it is empty; write unix:///path/to.sock or unix-abstract:name');
  if (/\p{Surrogate}/u.test(text)) {
    throw new EndpointError(shown, 'it holds half of a surrogate pair; use { kind: "abstract", name } for raw bytes');
  }
  if (/^\s|\s$/.test(text) && !text.startsWith('\0')) throw spaceAround(shown, text.trim());
  if (text.startsWith('\0') || text.startsWith('@')) return abstractName(shown, Buffer.from(text.slice(1), 'utf8'));
  if (/^(\/|\.\.?\/)/.test(text)) return pathName(shown, text);
  if (text.startsWith('~')) throw ofShell(shown, text);

  const [, scheme, rest] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) {
    const [, colonless, name] = /^(unix|unix-abstract|fd)\/\/(.+)$/s.exec(text) ?? [];
    if (colonless !== undefined) {
      throw new EndpointError(shown, `its ":" is missing; write ${colonless}:${name}, or ./${text} for the file`);
    }
    throw new EndpointError(
      shown,
      `a bare name could be a host or a file; write ${meantPath(`./${text}`)} for the file`,
    );
  }
  switch (scheme) {
    case 'unix':
      return parseUnix(shown, rest, dialect);
    case 'unix-abstract':
      return parseUnixAbstract(shown, rest);
    case 'fd':
      return parseInherited(shown, rest);
  }
  throw new EndpointError(shown, unknownScheme(scheme, rest));
}

/** gRPC's naming: `unix:path` or `unix://absolute_path`; the second form has an (empty) authority. */
function parseUnix(shown: string, rest: string, dialect: 'go' | 'kms' | undefined): Endpoint {
  if (rest.startsWith('//@')) return abstractName(shown, Buffer.from(rest.slice(3), 'utf8'));
  if (rest.startsWith('@')) {
    if (dialect === 'go') return abstractName(shown, Buffer.from(rest.slice(1), 'utf8'));
    throw ambiguous(shown, rest.slice(1), `./${rest}`);
  }
  if (rest.startsWith('///@')) {
    if (dialect === 'kms') return abstractName(shown, decode(shown, rest.slice(4)));
    if (dialect !== 'go') throw ambiguous(shown, rest.slice(4), rest.slice(2));
  }
  if (/^(\/\/)?~/.test(rest)) throw ofShell(shown, rest.replace(/^\/\//, ''));
  const path = withoutAuthority(shown, rest, (host, tail) => `unix:///${host}${tail} or unix:${host}${tail}`);
  const bytes = decode(shown, path);
  try {
    return pathName(shown, utf8.decode(bytes));
  } catch (error) {
    if (error instanceof EndpointError) throw error;
    throw new EndpointError(shown, 'its path is not UTF-8, and paths are UTF-8 text here');
  }
}

/** gRPC's naming: `unix-abstract:abstract_name`, escapes decoded so that any byte can be written. */
function parseUnixAbstract(shown: string, rest: string): Endpoint {
  const name = withoutAuthority(shown, rest, (host, tail) => `unix-abstract:${host}${tail}`);
  return abstractName(shown, decode(shown, name));
}

function parseInherited(shown: string, rest: string): Endpoint {
  return inherited(shown, /^\d+$/.test(rest) ? { kind: 'fd', fd: Number(rest) } : { kind: 'fd', name: rest });
}

function checkObject(input: Endpoint): Endpoint {
  const given: unknown = input;
  if (typeof given !== 'object' || given === null) {
    throw new EndpointError(String(given), 'pass a string such as unix:///path/to.sock, or an endpoint object');
  }
  const fields = given as { kind?: unknown; path?: unknown; name?: unknown; fd?: unknown };
  const shown = `{ kind: ${JSON.stringify(fields.kind)} }`;
  if (fields.kind === 'path' && typeof fields.path === 'string') {
    if (/\p{Surrogate}/u.test(fields.path)) throw new EndpointError(shown, 'its path holds half of a surrogate pair');
    return pathName(`{ kind: "path", path: ${JSON.stringify(fields.path)} }`, fields.path);
  }
  if (fields.kind === 'abstract' && fields.name instanceof Uint8Array) {
    return abstractName(`{ kind: "abstract", name: ${percentEncode(fields.name)} }`, fields.name);
  }
  if (fields.kind === 'fd' && typeof fields.fd === 'number' && fields.name === undefined) {
    return inherited(`{ kind: "fd", fd: ${fields.fd} }`, { kind: 'fd', fd: fields.fd });
  }
  if (fields.kind === 'fd' && typeof fields.name === 'string' && fields.fd === undefined) {
    return inherited(`{ kind: "fd", name: ${JSON.stringify(fields.name)} }`, { kind: 'fd', name: fields.name });
  }
  throw new EndpointError(
    shown,
    'an object is { kind: "path", path: string }, { kind: "abstract", name: Uint8Array } or { kind: "fd", fd | name }',
  );
}

function pathName(shown: string, path: string): Endpoint {
  const length = Buffer.byteLength(path, 'utf8');
  if (length === 0) throw new EndpointError(shown, 'its path is empty; write unix:///path/to.sock');
  if (path.includes('\0'))
    throw new EndpointError(shown, 'its path holds a NUL; unix-abstract:name is an abstract name');
  if (path.endsWith('/')) throw new EndpointError(shown, 'it names a directory; add the name of the socket file');
  if (length > LONGEST_NAME) {
    throw new EndpointError(
      shown,
      `its path has ${length} bytes and the kernel takes ${LONGEST_NAME}; use a shorter one`,
    );
  }
  return { kind: 'path', path };
}

function abstractName(shown: string, name: Uint8Array): Endpoint {
  if (name.length === 0) throw new EndpointError(shown, 'its abstract name is empty; write unix-abstract:name');
  if (name.length > LONGEST_NAME) {
    throw new EndpointError(
      shown,
      `its abstract name has ${name.length} bytes and the kernel takes ${LONGEST_NAME}; use a shorter one`,
    );
  }
  return { kind: 'abstract', name: Uint8Array.from(name) };
}

function inherited(shown: string, endpoint: Extract<Endpoint, { kind: 'fd' }>): Endpoint {
  if ('fd' in endpoint) {
    if (Number.isInteger(endpoint.fd) && endpoint.fd >= 0 && endpoint.fd < 2 ** 31) return endpoint;
    throw new EndpointError(shown, 'a file descriptor is a whole number from 0 up, such as fd:3');
  }
  if (/^\d+$/.test(endpoint.name)) {
    throw new EndpointError(shown, `a name of digits reads as a number; write fd:${endpoint.name} for that descriptor`);
  }
  // systemd.socket(5), FileDescriptorName=: up to 255 ASCII characters without controls and ":".
  if (/^(?!\/\/)[\x21-\x39\x3b-\x7e]{1,255}$/.test(endpoint.name)) return endpoint;
  throw new EndpointError(shown, 'write fd:3 for a number, or fd:NAME for a FileDescriptorName= of systemd');
}

/** The part after `//authority`, which must be absent or empty: a Unix socket has no host. */
function withoutAuthority(shown: string, rest: string, meant: (host: string, tail: string) => string): string {
  if (!rest.startsWith('//')) return rest;
  const [, host = '', tail = ''] = /^\/\/([^/]*)(.*)$/s.exec(rest) ?? [];
  if (host === '') return tail;
  throw new EndpointError(
    shown,
    `"${host}" stands where a host would, and Unix sockets have none; write ${meant(host, tail)}`,
  );
}

function decode(shown: string, text: string): Uint8Array {
  // Other readers cut at these two, so written plainly they would name two different sockets.
  if (/[?#]/.test(text)) throw new EndpointError(shown, 'a URI is cut at "?" and "#"; write %3F and %23');
  const bytes = percentDecode(text);
  if (bytes === undefined) throw new EndpointError(shown, 'a "%" is not followed by two hex digits; write %25 for it');
  return bytes;
}

function ambiguous(shown: string, name: string, file: string): EndpointError {
  return new EndpointError(
    shown,
    `some read it as an abstract name, others as a file; write unix-abstract:${name} for the abstract name, ` +
      `or ${meantPath(file)} for the file`,
  );
}

/** A shell makes a folder of `~` and `~name`, and at the start of a word only: nobody means a file of that name. */
function ofShell(shown: string, path: string): EndpointError {
  const [, user = '', tail = ''] = /^~([^/]*)(.*)$/s.exec(path) ?? [];
  return new EndpointError(
    shown,
    `only a shell knows "~"; write the whole path, such as unix:///home/${user || 'me'}${tail || '/x.sock'}, ` +
      `or ./${path} for what is really called "~${user}"`,
  );
}

/** Left there by a copy or by the line end of a file; whoever means it can escape it. */
function spaceAround(shown: string, trimmed: string): EndpointError {
  if (trimmed === '') return new EndpointError(shown, 'it is empty; write unix:///path/to.sock or unix-abstract:name');
  return new EndpointError(
    shown,
    `white space stands around it; write ${trimmed}; after unix: a space of the name itself is %20`,
  );
}

function meantPath(path: string): string {
  return path.startsWith('/') ? `unix:${path}` : path;
}

function unknownScheme(scheme: string, rest: string): string {
  const lower = scheme.toLowerCase();
  if (scheme !== lower && ['unix', 'unix-abstract', 'fd'].includes(lower)) return `write ${lower}:${rest}`;
  if (lower === 'file') return `write unix:${rest}`;
  if (lower === 'abstract') return `write unix-abstract:${rest}`;
  if (lower === 'fds' || lower === 'systemd') return 'write fd:3 or fd:NAME';
  return (
    `"${scheme}:" is no Unix socket, and podwire speaks over nothing else; ` +
    'write unix:///path/to.sock or unix-abstract:name'
  );
}
