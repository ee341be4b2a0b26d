import { expect, it, vi } from 'vitest';
import { WorkQueue } from '../../../src/csi/reconcile/work-queue.js';

/** Work that is going on, with what ends each of it. */
function open(workers: number) {
  const running: string[] = [];
  const ends = new Map<string, () => void>();
  const began: string[] = [];
  const queue = new WorkQueue(workers, async (key) => {
    began.push(key);
    running.push(key);
    await new Promise<void>((resolve) => ends.set(key, resolve));
    running.splice(running.indexOf(key), 1);
  });
  const end = async (key: string) => {
    ends.get(key)!();
    await new Promise(setImmediate);
  };
  return { queue, running, began, end };
}

it('does one thing at a time for a key, again for what came meanwhile, and so many in all', async () => {
  const { queue, running, began, end } = open(2);
  for (const key of ['a', 'a', 'b', 'c', 'a']) queue.add(key);
  expect(running).toEqual(['a', 'b']);
  await end('b');
  expect(running).toEqual(['a', 'c']);
  await end('a');
  expect(running.sort()).toEqual(['a', 'c']);
  await end('a');
  await end('c');
  expect(began).toEqual(['a', 'b', 'c', 'a']);
});

it('begins later when it is told to, at the earliest time of several', async () => {
  const { queue, began, end } = open(1);
  queue.addLater('a', 3_600_000);
  queue.addLater('a', 5);
  queue.addLater('a', 3_600_000);
  await vi.waitFor(() => expect(began).toEqual(['a']));
  await end('a');
  await queue.close();
});

it('is closed when nothing runs any more', async () => {
  const { queue, began, end } = open(1);
  queue.add('a');
  queue.add('b');
  queue.addLater('c', 1);
  let closed = false;
  const closing = queue.close().then(() => {
    closed = true;
  });
  await new Promise(setImmediate);
  expect(closed).toBe(false);
  await end('a');
  await closing;
  queue.add('d');
  expect(began).toEqual(['a']);
});
