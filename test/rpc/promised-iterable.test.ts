import { expect, it } from 'vitest';
import { PromisedIterable } from '../../src/rpc/promised-iterable.js';

async function* three(): AsyncGenerator<number> {
  yield 1;
  yield 2;
  yield 3;
}

it('gives what the iterable gives, made at the first next', async () => {
  let made = 0;
  const promised = new PromisedIterable(async () => {
    made++;
    return three();
  });
  expect(made).toBe(0);
  const values: number[] = [];
  for await (const value of promised) values.push(value);
  expect([values, made]).toEqual([[1, 2, 3], 1]);
  expect(await promised.next()).toEqual({ value: undefined, done: true });
});

it('rejects once with what making it or reading it throws, and is at its end then', async () => {
  const unmade = new PromisedIterable(() => Promise.reject(new Error('no')));
  await expect(unmade.next()).rejects.toThrow('no');
  expect((await unmade.next()).done).toBe(true);
  const broken = new PromisedIterable(async () => ({
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('broken')) }),
  }));
  await expect(broken.next()).rejects.toThrow('broken');
  expect((await broken.next()).done).toBe(true);
});

it('reaches the iterator with return while a next is pending', async () => {
  let release: ((result: IteratorResult<number>) => void) | undefined;
  const promised = new PromisedIterable<number>(async () => ({
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise((resolve) => (release = resolve)),
      return: async () => {
        release?.({ value: undefined, done: true });
        return { value: undefined, done: true };
      },
    }),
  }));
  const pending = promised.next();
  await new Promise(setImmediate);
  expect((await promised.return()).done).toBe(true);
  expect((await pending).done).toBe(true);
});
