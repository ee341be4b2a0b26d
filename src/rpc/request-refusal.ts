import type { HeaderFields } from '../http2/hpack/header-fields.js';
import type { Code } from './code.js';

/** A request that no handler gets to see. */
export interface RequestRefusal {
  readonly kind: 'refusal';
  /** 200: the peer speaks gRPC, answer with a trailers-only status. Else: answer with `refusalHeader` and the message as body. */
  readonly httpStatus: 200 | 405 | 415;
  readonly code: Code;
  readonly message: string;
}

/** The header of a plain HTTP answer to a request that is not gRPC; its body is the refusal's message, in UTF-8. */
export function refusalHeader(refusal: RequestRefusal): HeaderFields {
  const fields = [':status', String(refusal.httpStatus), 'content-type', 'text/plain; charset=utf-8'];
  if (refusal.httpStatus === 405) {
    // RFC 9110 section 15.5.6
    fields.push('allow', 'POST');
  }
  return fields;
}
