import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../src/http2/error-code.js';
import type { StreamFailure } from '../../src/http2/stream-handler.js';
import { Code } from '../../src/rpc/code.js';
import { resetCode } from '../../src/rpc/reset-code.js';
import { failureStatus } from '../../src/transport/failure-status.js';

const failure = (origin: StreamFailure['origin'], errorCode: number): StreamFailure => ({
  origin,
  errorCode,
  unprocessed: false,
  reason: 'what happened',
});
const everyCode = Object.entries(ErrorCode);

describe('failureStatus', () => {
  it('has a code for every error of HTTP/2', () => {
    expect(everyCode).toHaveLength(14);
  });

  it.each(everyCode)("maps a peer's reset as gRPC does: %s", (_, errorCode) => {
    expect(failureStatus(failure('remote', errorCode))).toEqual(resetCode(errorCode));
  });

  it('tells the resets of a peer apart', () => {
    const codeOf = (errorCode: number): Code => failureStatus(failure('remote', errorCode)).code;
    expect(codeOf(ErrorCode.CANCEL)).toBe(Code.CANCELLED);
    expect(codeOf(ErrorCode.REFUSED_STREAM)).toBe(Code.UNAVAILABLE);
    expect(codeOf(ErrorCode.ENHANCE_YOUR_CALM)).toBe(Code.RESOURCE_EXHAUSTED);
    expect(codeOf(ErrorCode.INADEQUATE_SECURITY)).toBe(Code.PERMISSION_DENIED);
    expect(codeOf(ErrorCode.PROTOCOL_ERROR)).toBe(Code.INTERNAL);
    expect(codeOf(0xdead)).toBe(Code.INTERNAL);
  });

  it.each(everyCode)('is UNAVAILABLE when the connection ended, whatever with: %s', (_, errorCode) => {
    expect(failureStatus(failure('connection', errorCode))).toEqual({
      code: Code.UNAVAILABLE,
      message: 'what happened',
    });
  });

  it.each(everyCode)('is INTERNAL when this side found a fault, unless there was too much: %s', (name, errorCode) => {
    expect(failureStatus(failure('local', errorCode))).toEqual({
      code: name === 'ENHANCE_YOUR_CALM' ? Code.RESOURCE_EXHAUSTED : Code.INTERNAL,
      message: 'what happened',
    });
  });

  it('says the same of a call that may be made again: that is the matter of who makes it', () => {
    const unprocessed = { ...failure('connection', ErrorCode.NO_ERROR), unprocessed: true };
    expect(failureStatus(unprocessed).code).toBe(Code.UNAVAILABLE);
  });
});
