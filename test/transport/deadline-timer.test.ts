import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeadlineTimer } from '../../src/transport/deadline-timer.js';
import { LONGEST_TIMER } from '../../src/transport/longest-timer.js';
import { until } from '../server/serve-podinfo.js';

describe('DeadlineTimer', () => {
  it('expires once, not before its moment', async () => {
    const at = performance.now() + 20;
    let expired = 0;
    await new Promise<void>((resolve) => {
      new DeadlineTimer(at, () => {
        expired++;
        resolve();
      });
    });
    // Node's timers count whole milliseconds of another clock.
    expect(performance.now()).toBeGreaterThanOrEqual(at - 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(expired).toBe(1);
  });

  it('expires in a later turn when its moment has passed', async () => {
    let expired = false;
    await new Promise<void>((resolve) => {
      new DeadlineTimer(performance.now() - 1_000, () => {
        expired = true;
        resolve();
      });
      expect(expired).toBe(false);
    });
  });

  it('does not expire when it is cleared', async () => {
    let expired = false;
    const timer = new DeadlineTimer(performance.now(), () => {
      expired = true;
    });
    timer.clear();
    timer.clear();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(expired).toBe(false);
  });
});

describe('a deadline that waits in a slot', () => {
  it('expires, and those beside it that were cleared do not', async () => {
    const at = performance.now() + 200;
    const expired: number[] = [];
    const timers = [0, 1, 2, 3, 4].map((index) => new DeadlineTimer(at + index * 0.1, () => expired.push(index)));
    for (const index of [0, 2, 4]) timers[index]?.clear();
    await new Promise<void>((resolve) => new DeadlineTimer(at + 40, resolve));
    // Those that have passed at one time come in any order.
    await until(() => expired.length >= 2);
    expect(performance.now()).toBeGreaterThanOrEqual(at - 1);
    expect(expired.sort()).toEqual([1, 3]);
  });

  it('expires although one that is nearer came after it', async () => {
    const expired: string[] = [];
    await Promise.all(
      [300, 150, 220].map((left) => {
        const at = performance.now() + left;
        return new Promise<void>((resolve) => {
          new DeadlineTimer(at, () => {
            expired.push(performance.now() >= at - 1 ? 'in time' : 'early');
            resolve();
          });
        });
      }),
    );
    expect(expired).toEqual(['in time', 'in time', 'in time']);
  });

  it('has nothing to do with the AsyncLocalStorage of others', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen = await new Promise((resolve) => {
      storage.run('of the first', () => new DeadlineTimer(performance.now() + 180, () => {}));
      new DeadlineTimer(performance.now() + 181, () => resolve(storage.getStore()));
    });
    expect(seen).toBeUndefined();
  });

  it('keeps the process alive until it is cleared', () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const deadlines = [1_000, 2_000, 100_000].map((left) => new DeadlineTimer(performance.now() + left, () => {}));
    expect(timers()).toBe(before + 1);
    for (const deadline of deadlines) deadline.clear();
    expect(timers()).toBe(before);
  });
});

/** With a clock that is turned on by hand: a real one would take weeks. */
describe('a deadline that is further away than a timer of Node can be', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is kept: Node would fire such a timer at once', () => {
    const expired = vi.fn();
    const length = 3 * LONGEST_TIMER + 5;
    new DeadlineTimer(performance.now() + length, expired);
    vi.advanceTimersByTime(length - 1);
    expect(expired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(expired).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is cleared at any time, and leaves no timer', () => {
    const expired = vi.fn();
    const timer = new DeadlineTimer(performance.now() + 3 * LONGEST_TIMER, expired);
    vi.advanceTimersByTime(LONGEST_TIMER + 1);
    expect(vi.getTimerCount()).toBe(1);
    timer.clear();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(3 * LONGEST_TIMER);
    expect(expired).not.toHaveBeenCalled();
  });
});
