import { describe, expect, it } from 'vitest';
import { defaultLimits, resolveLimits } from '../../src/transport/limits.js';

describe('resolveLimits', () => {
  it('gives the defaults, and what is said instead', () => {
    expect(resolveLimits()).toEqual(defaultLimits);
    expect(resolveLimits({ maxConcurrentStreams: 7, streamWindow: undefined })).toEqual({
      ...defaultLimits,
      maxConcurrentStreams: 7,
    });
  });

  it('makes room for the largest message', () => {
    expect(resolveLimits({ maxReceiveMessageLength: 100_000_000 }).maxBufferedPerConnection).toBe(800_000_000);
    const both = resolveLimits({ maxReceiveMessageLength: 100_000_000, maxBufferedPerConnection: 1_000_000 });
    expect(both.maxBufferedPerConnection).toBe(1_000_000);
  });

  it('names the limit that is wrong', () => {
    expect(() => resolveLimits({ maxFrameSize: 16_383 })).toThrow(
      'limits.maxFrameSize is 16383; it must be a whole number from 16384 to 16777215',
    );
    expect(() => resolveLimits({ handshakeTimeout: Number.NaN })).toThrow(RangeError);
    expect(() => resolveLimits({ connectionWindow: '70000' as never })).toThrow(
      'limits.connectionWindow is "70000"; it must be a whole number',
    );
    expect(() => resolveLimits({ maxFrameLength: 1 } as never)).toThrow('there is no limit "maxFrameLength"');
  });
});
