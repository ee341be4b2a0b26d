import { getEventListeners } from 'node:events';
import { expect, it, vi } from 'vitest';
import { onAbort } from '../../src/client/abort-listeners.js';

it('keeps one listener on a signal while somebody waits', () => {
  const controller = new AbortController();
  const { signal } = controller;
  const callbacks = [vi.fn(), vi.fn(), vi.fn(), vi.fn()] as const;
  const [first, second, third, fourth] = callbacks;
  const counts = () => callbacks.map((callback) => callback.mock.calls.length);
  const removed = [onAbort(signal, first), onAbort(signal, second)];
  onAbort(signal, third);
  removed.push(onAbort(signal, fourth));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  for (const listener of [...removed, ...removed]) listener.remove();
  onAbort(signal, second);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  controller.abort();
  expect(counts()).toEqual([0, 1, 1, 0]);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

it('listens again after nobody has waited', () => {
  const controller = new AbortController();
  const { signal } = controller;
  onAbort(signal, () => expect.unreachable()).remove();
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  const callback = vi.fn();
  onAbort(signal, callback);
  controller.abort();
  expect(callback).toHaveBeenCalledOnce();
});

it('lets callbacks remove themselves and others while it calls them', () => {
  const controller = new AbortController();
  const calls: string[] = [];
  const listener = onAbort(controller.signal, () => {
    calls.push('a');
    listener.remove();
    doomed.remove();
  });
  const doomed = onAbort(controller.signal, () => calls.push('b'));
  onAbort(controller.signal, () => calls.push('c'));
  controller.abort();
  expect(calls).toEqual(['a', 'c']);
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
});
