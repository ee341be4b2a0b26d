import type { HeaderFields } from '../http2/hpack/header-fields.js';
import { Code } from './code.js';
import { isSupportedEncoding, acceptEncoding as supportedEncodings } from './compression.js';
import { grpcContentType } from './content-type.js';
import type { Metadata } from './metadata.js';
import type { RequestRefusal } from './request-refusal.js';
import { formatTimeout, parseTimeout } from './timeout.js';

export interface RequestHeaderOptions {
  /** `/podinfo.v1.PodInfo/Describe` */
  path: string;
  /** Default `localhost`: what every server accepts. */
  authority?: string;
  /** Milliseconds until the deadline; none without it. */
  timeoutMs?: number;
  /** What messages of this call are compressed with; not sent for `identity`. */
  encoding?: string;
  /** Default: all we can read. */
  acceptEncoding?: string;
  /** Metadata with a `user-agent` of its own replaces it. */
  userAgent?: string;
  metadata?: Metadata;
}

/**
 * The header block of a call. What is equal from call to call stands first and `grpc-timeout` last (the specification would
 * rather have it early, as a "should"), so that an encoder can reuse what it made of the beginning.
 */
export function requestHeader(options: RequestHeaderOptions): HeaderFields {
  const { encoding, userAgent, metadata, timeoutMs } = options;
  const fields = [
    ':method',
    'POST',
    ':scheme',
    'http',
    ':path',
    options.path,
    ':authority',
    options.authority ?? 'localhost',
    'te',
    'trailers',
    'content-type',
    'application/grpc',
    'grpc-accept-encoding',
    options.acceptEncoding ?? supportedEncodings,
  ];
  if (encoding !== undefined && encoding !== 'identity') {
    fields.push('grpc-encoding', encoding);
  }
  if (userAgent !== undefined && !(metadata?.has('user-agent') ?? false)) {
    fields.push('user-agent', userAgent);
  }
  metadata?.appendTo(fields);
  if (timeoutMs !== undefined) {
    fields.push('grpc-timeout', formatTimeout(timeoutMs));
  }
  return fields;
}

export interface ParsedRequest {
  readonly kind: 'request';
  /** `/podinfo.v1.PodInfo/Describe`, as sent: paths are case-sensitive. */
  readonly path: string;
  /** Whatever the peer put there, a socket path for example. */
  readonly authority: string | undefined;
  readonly timeoutMs: number | undefined;
  /** The response's content type: the same as the request's, without parameters. */
  readonly contentType: string;
  /** What compressed messages are compressed with; a supported one. */
  readonly encoding: string | undefined;
  /** As sent; see `parseAcceptEncoding`. */
  readonly acceptEncoding: string | undefined;
  /** All of them, for `Metadata.fromFields`. */
  readonly fields: HeaderFields;
}

/** What was read of lists that come again and again: HPACK freezes those. */
const remembered = new WeakMap<HeaderFields, ParsedRequest | RequestRefusal>();

/**
 * Reads the header block of a request. A missing `te` is tolerated: it is there to find HTTP/1 proxies, and no proxy sits on
 * a local socket. Of a field that came twice the last one counts, but every content type must be gRPC's.
 */
export function parseRequestHeader(fields: HeaderFields): ParsedRequest | RequestRefusal {
  if (!Object.isFrozen(fields)) return parse(fields);
  let parsed = remembered.get(fields);
  if (parsed === undefined) remembered.set(fields, (parsed = parse(fields)));
  return parsed;
}

function parse(fields: HeaderFields): ParsedRequest | RequestRefusal {
  let method: string | undefined;
  let path: string | undefined;
  let authority: string | undefined;
  let host: string | undefined;
  let contentType: string | undefined;
  let timeout: string | undefined;
  let encoding: string | undefined;
  let acceptEncoding: string | undefined;
  for (let index = 0; index < fields.length; index += 2) {
    const value = fields[index + 1]!;
    switch (fields[index]) {
      case ':method':
        method = value;
        break;
      case ':path':
        path = value;
        break;
      case ':authority':
        authority = value;
        break;
      case 'host':
        host = value;
        break;
      case 'content-type':
        contentType = grpcContentType(value);
        if (contentType === undefined) {
          return notGrpc(`content-type ${JSON.stringify(value)}`);
        }
        break;
      case 'grpc-timeout':
        timeout = value;
        break;
      case 'grpc-encoding':
        encoding = value;
        break;
      case 'grpc-accept-encoding':
        acceptEncoding = acceptEncoding === undefined ? value : `${acceptEncoding},${value}`;
        break;
    }
  }
  if (contentType === undefined) {
    return notGrpc('no content-type');
  }
  if (method !== 'POST') {
    return {
      kind: 'refusal',
      httpStatus: 405,
      code: Code.INTERNAL,
      message: `gRPC requests use the method POST, this one came with ${method}`,
    };
  }
  if (path === undefined || splitPath(path) === undefined) {
    return refusal(Code.UNIMPLEMENTED, `the path ${JSON.stringify(path ?? '')} is not of the form /service/method`);
  }
  if (encoding !== undefined && !isSupportedEncoding(encoding)) {
    return refusal(
      Code.UNIMPLEMENTED,
      `message encoding ${JSON.stringify(encoding)} is not supported; supported: ${supportedEncodings}`,
    );
  }
  const timeoutMs = timeout === undefined ? undefined : parseTimeout(timeout);
  if (timeout !== undefined && timeoutMs === undefined) {
    return refusal(Code.INTERNAL, `malformed grpc-timeout ${JSON.stringify(timeout)}`);
  }
  return {
    kind: 'request',
    path,
    // RFC 9113 section 8.3.1: a request without :authority may name its host the HTTP/1.1 way.
    authority: authority ?? host,
    timeoutMs,
    contentType,
    encoding,
    acceptEncoding,
    fields,
  };
}

/** `/podinfo.v1.PodInfo/Describe` in its two parts; `undefined` when it does not have them. The service may contain slashes. */
export function splitPath(path: string): { service: string; method: string } | undefined {
  const slash = path.lastIndexOf('/');
  if (slash <= 1 || slash === path.length - 1 || path.charCodeAt(0) !== 0x2f) {
    return undefined;
  }
  return { service: path.slice(1, slash), method: path.slice(slash + 1) };
}

function notGrpc(what: string): RequestRefusal {
  return {
    kind: 'refusal',
    httpStatus: 415,
    code: Code.INTERNAL,
    message: `this server speaks gRPC only (content-type application/grpc); the request has ${what}`,
  };
}

function refusal(code: Code, message: string): RequestRefusal {
  return { kind: 'refusal', httpStatus: 200, code, message };
}
