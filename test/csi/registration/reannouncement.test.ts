import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Reannouncement } from '../../../src/csi/registration/reannouncement.js';

// The pauses are too long to wait for.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function start() {
  const announce = vi.fn(async () => {});
  return { announce, reannouncement: new Reannouncement(announce) };
}

it('comes after pauses that grow to 30 s', () => {
  const { announce, reannouncement } = start();
  for (const [index, pause] of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000].entries()) {
    reannouncement.schedule();
    vi.advanceTimersByTime(pause - 1);
    expect(announce).toHaveBeenCalledTimes(index);
    vi.advanceTimersByTime(1);
    expect(announce).toHaveBeenCalledTimes(index + 1);
  }
});

it('comes once, however often it is asked for meanwhile', () => {
  const { announce, reannouncement } = start();
  reannouncement.schedule();
  reannouncement.schedule();
  vi.advanceTimersByTime(60_000);
  expect(announce).toHaveBeenCalledOnce();
});

it('does not come when it is cancelled', () => {
  const { announce, reannouncement } = start();
  reannouncement.schedule();
  reannouncement.cancel();
  vi.advanceTimersByTime(60_000);
  expect(announce).not.toHaveBeenCalled();
});

it('begins with the shortest pause after a success', () => {
  const { announce, reannouncement } = start();
  for (let tries = 0; tries < 5; tries++) {
    reannouncement.schedule();
    vi.advanceTimersByTime(60_000);
  }
  reannouncement.reset();
  reannouncement.schedule();
  vi.advanceTimersByTime(1_000);
  expect(announce).toHaveBeenCalledTimes(6);
});
