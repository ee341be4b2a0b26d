import { Code } from './code.js';

interface ResetMeaning {
  readonly code: Code;
  readonly message: string;
}

const internal = (name: string): ResetMeaning => ({
  code: Code.INTERNAL,
  message: `the peer reset the stream: ${name}`,
});

/** PROTOCOL-HTTP2.md, Errors; the position is the HTTP/2 error code (RFC 9113 section 7). */
const meanings: readonly ResetMeaning[] = [
  { code: Code.INTERNAL, message: 'the peer reset the stream without a status (NO_ERROR)' },
  internal('PROTOCOL_ERROR'),
  internal('INTERNAL_ERROR'),
  internal('FLOW_CONTROL_ERROR'),
  internal('SETTINGS_TIMEOUT'),
  // The table has no mapping, "as there is no open stream": a peer that says it of an open one has lost count.
  internal('STREAM_CLOSED'),
  internal('FRAME_SIZE_ERROR'),
  { code: Code.UNAVAILABLE, message: 'the peer refused the stream before any processing (REFUSED_STREAM)' },
  { code: Code.CANCELLED, message: 'the peer cancelled the call (CANCEL)' },
  internal('COMPRESSION_ERROR'),
  internal('CONNECT_ERROR'),
  {
    code: Code.RESOURCE_EXHAUSTED,
    message: 'the peer wants fewer frames: bandwidth is exhausted (ENHANCE_YOUR_CALM)',
  },
  {
    code: Code.PERMISSION_DENIED,
    message: 'the peer denied the call: the protocol is not secure enough for it (INADEQUATE_SECURITY)',
  },
  { code: Code.UNKNOWN, message: 'the peer wants HTTP/1.1 for this call (HTTP_1_1_REQUIRED)' },
];

/** What an RST_STREAM with this HTTP/2 error code means for the call it ended. */
export function resetCode(errorCode: number): { readonly code: Code; readonly message: string } {
  // RFC 9113 section 7: unknown codes are treated as INTERNAL_ERROR.
  return meanings[errorCode] ?? internal(`unknown code 0x${errorCode.toString(16)}`);
}
