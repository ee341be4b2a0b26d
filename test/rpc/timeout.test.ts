import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTimeout, parseTimeout } from '../../src/rpc/timeout.js';

describe('formatTimeout', () => {
  it.each([
    [0, '1n'],
    [-1, '1n'],
    [Number.NEGATIVE_INFINITY, '1n'],
    [Number.NaN, '1n'],
    [1e-9, '1n'],
    [0.000_001, '1n'],
    [0.000_001_5, '2n'],
    [1, '1000u'],
    [99.999, '99999u'],
    [99.999_999, '100m'],
    [0.1, '100u'],
    [0.099_999, '99999n'],
    [100, '100m'],
    [100.1, '101m'],
    [1_000, '1000m'],
    [9_999.95, '10000m'],
    [100_000, '100000m'],
    [99_999_999, '99999999m'],
    [100_000_000, '100000S'],
    [100_000_000.5, '100001S'],
    [99_999_999e3, '99999999S'],
    [100_000_000e3, '1666667M'],
    [99_999_999 * 60e3, '99999999M'],
    [100_000_000 * 60e3, '1666667H'],
    [99_999_999 * 3_600e3, '99999999H'],
    [1e30, '99999999H'],
    [Number.POSITIVE_INFINITY, '99999999H'],
  ])('%d ms is %s', (milliseconds, text) => {
    expect(formatTimeout(milliseconds)).toBe(text);
  });
});

describe('parseTimeout', () => {
  it.each([
    ['1H', 3_600_000],
    ['1M', 60_000],
    ['1S', 1_000],
    ['1m', 1],
    ['1u', 0.001],
    ['1n', 0.000_001],
    ['1500u', 1.5],
    ['99999999H', 99_999_999 * 3_600_000],
    ['00000001S', 1_000],
    ['0S', 0],
  ])('%s is %d ms', (text, milliseconds) => {
    expect(parseTimeout(text)).toBe(milliseconds);
  });

  it.each(['', 'S', '1', '1s', '1h', '-1S', '+1S', '1.5S', ' 1S', '1S ', '1 S', '1SS', '123456789n', '1e3S', '١S'])(
    '%j is malformed',
    (text) => {
      expect(parseTimeout(text)).toBeUndefined();
    },
  );
});

describe('any timeout', () => {
  const milliseconds = fc.oneof(
    fc.double({ min: 1e-6, max: 3e14, noNaN: true }),
    fc.integer({ min: 1, max: 1_000_000 }),
  );

  it('has at most eight digits and a unit', () => {
    fc.assert(
      fc.property(fc.double(), (any) => {
        expect(formatTimeout(any)).toMatch(/^[1-9]\d{0,7}[numSMH]$/);
      }),
    );
  });

  it('never gets shorter on the road, and longer by 1 % or a nanosecond at most', () => {
    fc.assert(
      fc.property(milliseconds, (sent) => {
        const received = parseTimeout(formatTimeout(sent))!;
        expect(received).toBeGreaterThanOrEqual(sent * (1 - Number.EPSILON));
        expect(received).toBeLessThanOrEqual(sent * 1.01 + 1e-6);
      }),
    );
  });

  it('reads no text but those of the grammar', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^.{0,2}\d{0,9}[numSMHx]?.?$/)), (text) => {
        expect(parseTimeout(text) !== undefined).toBe(/^[0-9]{1,8}[numSMH]$/.test(text));
      }),
    );
  });
});
