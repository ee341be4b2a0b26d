import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/http2/error-code.js';
import { Code } from '../../src/rpc/code.js';
import { resetCode } from '../../src/rpc/reset-code.js';

// The table of PROTOCOL-HTTP2.md, and our choice for what it leaves open.
const table = {
  NO_ERROR: Code.INTERNAL,
  PROTOCOL_ERROR: Code.INTERNAL,
  INTERNAL_ERROR: Code.INTERNAL,
  FLOW_CONTROL_ERROR: Code.INTERNAL,
  SETTINGS_TIMEOUT: Code.INTERNAL,
  STREAM_CLOSED: Code.INTERNAL,
  FRAME_SIZE_ERROR: Code.INTERNAL,
  REFUSED_STREAM: Code.UNAVAILABLE,
  CANCEL: Code.CANCELLED,
  COMPRESSION_ERROR: Code.INTERNAL,
  CONNECT_ERROR: Code.INTERNAL,
  ENHANCE_YOUR_CALM: Code.RESOURCE_EXHAUSTED,
  INADEQUATE_SECURITY: Code.PERMISSION_DENIED,
  HTTP_1_1_REQUIRED: Code.UNKNOWN,
} satisfies Record<keyof typeof ErrorCode, Code>;

describe('resetCode', () => {
  it.each(Object.entries(table))('of %s is %d, and the text names it', (name, code) => {
    const meaning = resetCode(ErrorCode[name as keyof typeof ErrorCode]);
    expect(meaning.code).toBe(code);
    expect(meaning.message).toContain(name);
  });

  it('of a code that does not exist is INTERNAL', () => {
    expect(resetCode(0xff)).toEqual({ code: Code.INTERNAL, message: 'the peer reset the stream: unknown code 0xff' });
  });
});
