import { getEventListeners } from 'node:events';
import { expect, it, vi } from 'vitest';
import { offAbort, onAbort } from '../../src/client/abort-listeners.js';

it('keeps one listener on a signal while somebody waits', () => {
  const controller = new AbortController();
  const { signal } = controller;
  const [first, second, third] = [vi.fn(), vi.fn(), vi.fn()];
  onAbort(signal, first);
  onAbort(signal, second);
  onAbort(signal, third);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  offAbort(signal, third);
  offAbort(signal, third);
  controller.abort();
  expect([first, second, third].map((callback) => callback.mock.calls.length)).toEqual([1, 1, 0]);
  offAbort(signal, first);
  offAbort(signal, second);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  offAbort(new AbortController().signal, first);
});

it('lets callbacks leave while it calls them, and listens again later', () => {
  const controller = new AbortController();
  const calls: string[] = [];
  const once = (name: string): (() => void) => {
    const callback = (): void => {
      calls.push(name);
      offAbort(controller.signal, callback);
    };
    return callback;
  };
  const early = once('early');
  onAbort(controller.signal, early);
  offAbort(controller.signal, early);
  onAbort(controller.signal, once('a'));
  onAbort(controller.signal, once('b'));
  controller.abort();
  expect(calls).toEqual(['a', 'b']);
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
});
