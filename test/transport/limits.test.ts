import { describe, expect, it } from 'vitest';
import {
  defaultChannelLimits,
  defaultServerLimits,
  resolveChannelLimits,
  resolveServerLimits,
} from '../../src/transport/limits.js';

describe('limits', () => {
  it('are the defaults, and what is said instead', () => {
    expect(resolveServerLimits()).toEqual(defaultServerLimits);
    expect(resolveChannelLimits({})).toEqual(defaultChannelLimits);
    expect(resolveServerLimits({ maxConcurrentStreams: 7, streamWindow: undefined })).toEqual({
      ...defaultServerLimits,
      maxConcurrentStreams: 7,
    });
    expect(resolveChannelLimits({ connectTimeoutMs: 7 })).toEqual({ ...defaultChannelLimits, connectTimeoutMs: 7 });
  });

  it('make room for the largest message', () => {
    expect(resolveChannelLimits({ maxReceiveMessageLength: 100_000_000 }).maxBufferedPerConnection).toBe(800_000_000);
    const both = resolveServerLimits({ maxReceiveMessageLength: 100_000_000, maxBufferedPerConnection: 1_000_000 });
    expect(both.maxBufferedPerConnection).toBe(1_000_000);
  });

  it('name the one that is wrong', () => {
    expect(() => resolveServerLimits({ maxFrameSize: 16_383 })).toThrow(
      'limits.maxFrameSize is 16383; it must be a whole number from 16384 to 16777215',
    );
    expect(() => resolveServerLimits({ handshakeTimeoutMs: Number.NaN })).toThrow(RangeError);
    expect(() => resolveChannelLimits({ connectionWindow: '70000' as never })).toThrow(
      'limits.connectionWindow is "70000"; it must be a whole number',
    );
    expect(() => resolveServerLimits({ maxFrameLength: 1 } as never)).toThrow(
      /^a server has no limit "maxFrameLength"; its limits are streamWindow, /,
    );
    expect(() => resolveServerLimits({ toString: 1 } as never)).toThrow('a server has no limit "toString"');
  });

  it('are not taken from the other side', () => {
    // @ts-expect-error: nor by the compiler
    expect(() => resolveServerLimits({ connectTimeoutMs: 1 })).toThrow('a server has no limit "connectTimeoutMs"');
    // @ts-expect-error: nor by the compiler
    expect(() => resolveChannelLimits({ maxRunningHandlers: 1 })).toThrow(
      'a channel has no limit "maxRunningHandlers"',
    );
  });
});
