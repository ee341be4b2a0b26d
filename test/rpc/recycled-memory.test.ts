import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecycledMemory } from '../../src/rpc/recycled-memory.js';

const MEBIBYTE = 1024 * 1024;

describe('RecycledMemory', () => {
  it('lends again what nobody holds any more, and only that', () => {
    const length = fc.oneof(fc.integer({ min: 1, max: 40_000 }), fc.integer({ min: 1, max: 3 * MEBIBYTE }));
    const step = fc.record({ what: fc.constantFrom('lend', 'keep', 'letGo', 'letGo'), length, which: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const recycled = new RecycledMemory();
        recycled.onReturn = (memory) => memory.fill(0xdb);
        /** What is held: a view of it, how often, and what is written at its ends. */
        const held: { view: Uint8Array; holders: number; mark: number }[] = [];
        let marks = 0;
        for (const { what, length, which } of steps) {
          const one = held[which % Math.max(held.length, 1)];
          if (what === 'lend') {
            const view = recycled.lend(length);
            expect(view.length).toBeGreaterThanOrEqual(length);
            const mark = ++marks;
            view[0] = view[view.length - 1] = mark;
            held.push({ view, holders: 1, mark });
          } else if (what === 'keep' && one !== undefined) {
            recycled.keep(one.view);
            one.holders++;
          } else if (one !== undefined) {
            recycled.letGo(one.view);
            if (--one.holders === 0) held.splice(held.indexOf(one), 1);
          }
          for (const { view, mark } of held) expect([view[0], view[view.length - 1]]).toEqual([mark, mark]);
          expect(recycled.ready).toBeLessThanOrEqual(8 * MEBIBYTE);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('takes a part of it for the whole', () => {
    const recycled = new RecycledMemory();
    const memory = recycled.lend(100_000);
    recycled.keep(memory.subarray(20_000, 80_000));
    recycled.letGo(memory);
    expect(recycled.lend(100_000).buffer).not.toBe(memory.buffer);
    recycled.letGo(memory.subarray(0, 60_000));
    expect(recycled.lend(100_000).buffer).toBe(memory.buffer);
  });

  it('has nothing to do with other memory, small or very large memory included', () => {
    const recycled = new RecycledMemory();
    for (const memory of [new Uint8Array(100_000), recycled.lend(1_000), recycled.lend(3 * MEBIBYTE)]) {
      recycled.keep(memory);
      recycled.letGo(memory);
      recycled.letGo(memory);
      recycled.letGo(memory);
    }
    expect(recycled.ready).toBe(0);
  });

  it('takes memory back once, and lets nobody keep it afterwards', () => {
    const recycled = new RecycledMemory();
    const memory = recycled.lend(100_000);
    recycled.letGo(memory);
    const { ready } = recycled;
    recycled.letGo(memory);
    expect(recycled.ready).toBe(ready);
    expect(() => recycled.keep(memory)).toThrow('given back');
  });

  it('has at most 8 MiB ready; what is more is collected', () => {
    const recycled = new RecycledMemory();
    const all = Array.from({ length: 20 }, () => recycled.lend(MEBIBYTE));
    for (const memory of all) recycled.letGo(memory);
    expect(recycled.ready).toBe(8 * MEBIBYTE);
    for (const memory of all) recycled.letGo(memory);
    expect(recycled.ready).toBe(8 * MEBIBYTE);
  });

  it('wastes at most an eighth', () => {
    const recycled = new RecycledMemory();
    fc.assert(
      fc.property(fc.integer({ min: 32 * 1024, max: 2 * MEBIBYTE }), (octets) => {
        const { length } = recycled.lend(octets);
        expect(length >= octets && length <= octets * 1.125 + 1).toBe(true);
      }),
    );
  });
});

describe('memory that nobody takes', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is given back within two seconds, and then there is no timer', () => {
    const recycled = new RecycledMemory();
    recycled.letGo(recycled.lend(100_000));
    expect(recycled.ready).toBeGreaterThan(100_000);
    vi.advanceTimersByTime(2_000);
    expect(recycled.ready).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    recycled.letGo(recycled.lend(100_000));
    vi.advanceTimersByTime(2_000);
    expect(recycled.ready).toBe(0);
  });

  it('is what was not needed at any time of the second before', () => {
    const recycled = new RecycledMemory();
    const use = (pieces: number): void => {
      const lent = Array.from({ length: pieces }, () => recycled.lend(65_536));
      for (const memory of lent) recycled.letGo(memory);
    };
    use(5);
    for (let second = 0; second < 4; second++) {
      use(2);
      vi.advanceTimersByTime(1_000);
    }
    expect(recycled.ready).toBe(2 * 65_536);
  });
});
