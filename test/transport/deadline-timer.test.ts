import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeadlineTimer } from '../../src/transport/deadline-timer.js';
import { LONGEST_TIMER } from '../../src/transport/longest-timer.js';

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
