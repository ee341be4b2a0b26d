import { describe, expect, it } from 'vitest';
import { Backoff } from '../../src/client/backoff.js';

const noJitter = { jitter: 0 };

describe('Backoff', () => {
  it('waits longer each time, up to a limit', () => {
    const backoff = new Backoff(noJitter);
    const waits = Array.from({ length: 14 }, () => Math.round(backoff.next()));
    expect(waits).toEqual([10, 16, 26, 41, 66, 105, 168, 268, 429, 687, 1_000, 1_000, 1_000, 1_000]);
  });

  it.each([
    [{ firstMs: 0 }, 'backoff.firstMs is 0; it must be a number from 1 to 86400000'],
    [{ firstMs: Number.NaN }, 'backoff.firstMs is NaN; '],
    [{ multiplier: 0.5 }, 'backoff.multiplier is 0.5; it must be a number from 1 to 100'],
    [{ jitter: 1.5 }, 'backoff.jitter is 1.5; it must be a number from 0 to 1'],
    [{ longestMs: Number.POSITIVE_INFINITY }, 'backoff.longestMs is Infinity; '],
    [{ longestMs: '5' as never }, 'backoff.longestMs is 5; '],
  ])('refuses %o', (options, message) => {
    expect(() => new Backoff(options)).toThrow(RangeError);
    expect(() => new Backoff(options)).toThrow(message);
  });

  it('begins anew after reset', () => {
    const backoff = new Backoff({ firstMs: 5, multiplier: 2, longestMs: 15, jitter: 0 });
    expect([backoff.next(), backoff.next(), backoff.next()]).toEqual([5, 10, 15]);
    backoff.reset();
    expect(backoff.next()).toBe(5);
  });

  it('stays within its jitter and does not always wait the same', () => {
    const waits = Array.from({ length: 1_000 }, () => new Backoff({ firstMs: 100 }).next());
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(80);
    expect(Math.max(...waits)).toBeLessThanOrEqual(120);
    expect(new Set(waits).size).toBeGreaterThan(100);
  });
});
