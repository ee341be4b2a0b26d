import type { HeaderFields } from '../http2/hpack/header-fields.js';
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

/** The header block before the first message of a response. */
export function responseHeader({
  contentType = 'application/grpc',
  encoding,
  acceptEncoding,
  metadata,
}: ResponseHeaderOptions = {}): HeaderFields {
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
      readonly metadata: Metadata;
    }
  /** A 1xx block; the real one follows. */
  | { readonly kind: 'informational' }
  /** Not a gRPC response: the call ends with this status, whatever follows. */
  | { readonly kind: 'failure'; readonly status: RpcStatus };

/** Reads the first header block of a response that does not end the stream (else it is trailers-only: `parseTrailers`). */
export function parseResponseHeader(fields: HeaderFields): ParsedResponseHeader {
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
  if (httpStatus.length === 3 && httpStatus.charCodeAt(0) === 0x31) {
    return { kind: 'informational' };
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
  return { kind: 'response', encoding, acceptEncoding, metadata: Metadata.fromFields(fields) };
}

function failure(httpStatus: string, message: string, fields: HeaderFields): ParsedResponseHeader {
  const code = codeOfHttpStatus(Number(httpStatus));
  return { kind: 'failure', status: { code, message, details: [], metadata: Metadata.fromFields(fields) } };
}
