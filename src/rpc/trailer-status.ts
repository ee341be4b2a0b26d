import { Status } from '../../gen/google/rpc/status.js';
import type { HeaderFields } from '../http2/hpack/header-fields.js';
import { Code } from './code.js';
import { Metadata } from './metadata.js';
import type { StatusDetail } from './status-detail.js';
import { decodeStatusMessage, encodeStatusMessage } from './status-message.js';

/** How a call ended. */
export interface RpcStatus {
  readonly code: Code;
  readonly message: string;
  readonly details: readonly StatusDetail[];
  readonly metadata: Metadata;
}

/** The same for sending; only the code is needed. An `RpcError` fits after its `statusMessage` is passed as `message`. */
export interface TrailerStatus {
  readonly code: Code;
  readonly message?: string;
  readonly details?: readonly StatusDetail[];
  readonly metadata?: Metadata;
}

const noDetails: readonly StatusDetail[] = Object.freeze([]);
const codes: ReadonlySet<number> = new Set(Object.values(Code));

/** The trailers of most responses: one array for all of them. */
export const okTrailers: HeaderFields = ['grpc-status', '0'];
Object.freeze(okTrailers);

/** What is read of them. */
const plainOk: RpcStatus = Object.freeze({ code: Code.OK, message: '', details: noDetails, metadata: Metadata.empty });

/** The trailers that end a response. */
export function trailerFields(status: TrailerStatus): HeaderFields {
  const fields: HeaderFields = [];
  appendStatus(fields, status);
  return fields;
}

/** A response that is nothing but its status, in one header block. */
export function trailersOnlyFields(
  status: TrailerStatus,
  options: { contentType?: string; acceptEncoding?: string } = {},
): HeaderFields {
  const fields = [':status', '200', 'content-type', options.contentType ?? 'application/grpc'];
  if (options.acceptEncoding !== undefined) {
    // compression.md: says what would have been understood when the request's encoding was not.
    fields.push('grpc-accept-encoding', options.acceptEncoding);
  }
  appendStatus(fields, status);
  return fields;
}

/**
 * Reads the status out of trailers, or out of the only header block of a response. Where the peer sent no `grpc-status` the
 * HTTP status stands in for it (http-grpc-status-mapping.md).
 */
export function parseTrailers(fields: HeaderFields): RpcStatus {
  if (fields.length === 2 && fields[0] === 'grpc-status' && fields[1] === '0') return plainOk;
  let status: string | undefined;
  let message: string | undefined;
  let packed: string | undefined;
  let httpStatus: string | undefined;
  for (let index = 0; index < fields.length; index += 2) {
    const value = fields[index + 1]!;
    switch (fields[index]) {
      case 'grpc-status':
        status = value;
        break;
      case 'grpc-message':
        message = value;
        break;
      case 'grpc-status-details-bin':
        packed = value;
        break;
      case ':status':
        httpStatus = value;
        break;
    }
  }
  const metadata = Metadata.fromFields(fields);
  if (status === undefined) {
    return missingStatus(httpStatus, metadata);
  }
  const text = message === undefined ? '' : decodeStatusMessage(message);
  const details = packed === undefined ? noDetails : unpack(packed);
  if (/^\d{1,9}$/.test(status)) {
    const number = Number(status);
    if (codes.has(number)) {
      return { code: number as Code, message: text, details, metadata };
    }
  }
  const unknown = `the peer sent the status ${JSON.stringify(status)}, which gRPC does not define`;
  return { code: Code.UNKNOWN, message: text === '' ? unknown : `${text} (${unknown})`, details, metadata };
}

/** The status that stands for an HTTP status which came without a `grpc-status` (http-grpc-status-mapping.md). */
export function codeOfHttpStatus(httpStatus: number): Code {
  switch (httpStatus) {
    case 400:
    case 431:
      return Code.INTERNAL;
    case 401:
      return Code.UNAUTHENTICATED;
    case 403:
      return Code.PERMISSION_DENIED;
    case 404:
      return Code.UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
      return Code.UNAVAILABLE;
    default:
      return Code.UNKNOWN;
  }
}

function missingStatus(httpStatus: string | undefined, metadata: Metadata): RpcStatus {
  const unexpected = httpStatus !== undefined && httpStatus !== '200';
  return {
    code: unexpected ? codeOfHttpStatus(Number(httpStatus)) : Code.UNKNOWN,
    message: unexpected
      ? `the peer answered with HTTP status ${httpStatus} and no grpc-status`
      : 'the peer ended the call without a grpc-status',
    details: noDetails,
    metadata,
  };
}

function appendStatus(fields: HeaderFields, { code, message, details, metadata }: TrailerStatus): void {
  fields.push('grpc-status', String(code));
  if (message !== undefined && message !== '') {
    fields.push('grpc-message', encodeStatusMessage(message));
  }
  if (details !== undefined && details.length > 0) {
    fields.push('grpc-status-details-bin', pack(code, message ?? '', details));
  }
  metadata?.appendTo(fields);
}

function pack(code: Code, message: string, details: readonly StatusDetail[]): string {
  const bytes = Status.encode(
    Status.fromPartial({
      code,
      message,
      details: details.map(({ typeUrl, value }) => ({ typeUrl, value: Buffer.from(value) })),
    }),
  ).finish();
  const text = Buffer.from(bytes).toString('base64');
  const padding = text.indexOf('=');
  return padding === -1 ? text : text.slice(0, padding);
}

/**
 * Only the details count: code and message are `grpc-status` and `grpc-message`, also where they differ. Details that cannot
 * be read are dropped, since the status itself is known.
 */
function unpack(base64: string): readonly StatusDetail[] {
  try {
    return Status.decode(Buffer.from(base64, 'base64')).details;
  } catch {
    return noDetails;
  }
}
