import type { HeaderFields } from '../http2/hpack/header-fields.js';
import { acceptEncoding as supportedEncodings } from './compression.js';
import { grpcContentType } from './content-type.js';
import { Metadata } from './metadata.js';
import { codeOfHttpStatus, type RpcStatus } from './trailer-status.js';

export interface ResponseHeaderOptions {
  /** Default `application/grpc`; a server answers with the request's. */
  contentType?: string;
  /** What messages of this response are compressed with; not sent for `identity`. */
  encoding?: string;
  /** What the server can read; not sent without it. */
  acceptEncoding?: string;
  metadata?: Metadata;
}

const plain = 'application/grpc';

/** The header block of most responses: one array for all of them, so that an encoder finds its strings at once. */
const usualHeader: HeaderFields = [':status', '200', 'content-type', plain, 'grpc-accept-encoding', supportedEncodings];
Object.freeze(usualHeader);

/** The header block before the first message of a response; it may be frozen. */
export function responseHeader({
  contentType = plain,
  encoding,
  acceptEncoding,
  metadata,
}: ResponseHeaderOptions = {}): HeaderFields {
  const bare = metadata === undefined && (encoding === undefined || encoding === 'identity');
  if (bare && contentType === plain && acceptEncoding === supportedEncodings) return usualHeader;
  const fields = [':status', '200', 'content-type', contentType];
  if (encoding !== undefined && encoding !== 'identity') {
    fields.push('grpc-encoding', encoding);
  }
  if (acceptEncoding !== undefined) {
    fields.push('grpc-accept-encoding', acceptEncoding);
  }
  metadata?.appendTo(fields);
  return fields;
}

export type ParsedResponseHeader =
  | {
      readonly kind: 'response';
      /** What compressed messages are compressed with, supported or not: it only matters when one arrives. */
      readonly encoding: string | undefined;
      readonly acceptEncoding: string | undefined;
    }
  /** Not a gRPC response: the call ends with this status, whatever follows. */
  | { readonly kind: 'failure'; readonly status: RpcStatus };

/** What was read of lists that come again and again: HPACK freezes those. */
const remembered = new WeakMap<HeaderFields, ParsedResponseHeader>();

/**
 * Reads the first header block of a response that does not end the stream (else it is trailers-only: `parseTrailers`). It is
 * never a 1xx block, which HTTP/2 keeps to itself.
 */
export function parseResponseHeader(fields: HeaderFields): ParsedResponseHeader {
  if (!Object.isFrozen(fields)) return parse(fields);
  let parsed = remembered.get(fields);
  // The metadata of a failure is somebody's own.
  if (parsed === undefined && (parsed = parse(fields)).kind === 'response') remembered.set(fields, parsed);
  return parsed;
}

function parse(fields: HeaderFields): ParsedResponseHeader {
  let httpStatus = '';
  let contentType: string | undefined;
  let encoding: string | undefined;
  let acceptEncoding: string | undefined;
  for (let index = 0; index < fields.length; index += 2) {
    const value = fields[index + 1]!;
    switch (fields[index]) {
      case ':status':
        httpStatus = value;
        break;
      case 'content-type':
        contentType = value;
        break;
      case 'grpc-encoding':
        encoding = value;
        break;
      case 'grpc-accept-encoding':
        acceptEncoding = acceptEncoding === undefined ? value : `${acceptEncoding},${value}`;
        break;
    }
  }
  if (httpStatus !== '200') {
    return failure(
      httpStatus,
      `the peer answered with HTTP status ${httpStatus || '(none)'} and no gRPC response`,
      fields,
    );
  }
  if (contentType === undefined || grpcContentType(contentType) === undefined) {
    const type = contentType === undefined ? 'no content-type' : `content-type ${JSON.stringify(contentType)}`;
    return failure(httpStatus, `the peer answered with ${type}, which is not gRPC's`, fields);
  }
  return { kind: 'response', encoding, acceptEncoding };
}

function failure(httpStatus: string, message: string, fields: HeaderFields): ParsedResponseHeader {
  const code = codeOfHttpStatus(Number(httpStatus));
  return { kind: 'failure', status: { code, message, details: [], metadata: Metadata.fromFields(fields) } };
}
