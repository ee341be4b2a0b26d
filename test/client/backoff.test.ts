import { describe, expect, it } from 'vitest';
import { Backoff } from '../../src/client/backoff.js';

const noJitter = { jitter: 0 };

describe('Backoff', () => {
  it('waits longer each time, up to a limit', () => {
    const backoff = new Backoff(noJitter);
    const waits = Array.from({ length: 14 }, () => Math.round(backoff.next()));
    expect(waits).toEqual([10, 16, 26, 41, 66, 105, 168, 268, 429, 687, 1_000, 1_000, 1_000, 1_000]);
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
