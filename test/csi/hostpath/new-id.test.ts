import { describe, expect, it } from 'vitest';
import { isId } from '../../../src/csi/hostpath/is-id.js';
import { newId } from '../../../src/csi/hostpath/new-id.js';

describe('newId', () => {
  it('gives ids that sort as they were given, also within a millisecond and when the clock goes back', () => {
    const start = Date.now() + 1_000;
    const ids = [0, 0, 0, 5, 5, 3, 0, 9].map((ms) => newId('vol', start + ms));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('keeps the order when a millisecond has more ids than the counter counts', () => {
    const now = Date.now() + 10_000;
    const ids = Array.from({ length: 65_540 }, () => newId('vol', now));
    expect([...ids].sort()).toEqual(ids);
  });

  it('gives what isId knows', () => {
    expect(isId('snap', newId('snap'))).toBe(true);
    expect(isId('vol', newId('snap'))).toBe(false);
  });
});
