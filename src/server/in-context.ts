import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * The same iterable, every step of it run with the AsyncLocalStorage of now: a generator's body would else see that of
 * whoever asks for its next value, and not what an interceptor has set around `next`.
 */
export function inContext(iterable: AsyncIterable<unknown>): AsyncIterable<unknown> {
  const run = AsyncLocalStorage.snapshot();
  return {
    [Symbol.asyncIterator]() {
      const iterator = run(() => iterable[Symbol.asyncIterator]());
      return {
        next: () => run(() => iterator.next()),
        return: async () => run(async () => iterator.return?.()) as Promise<IteratorResult<unknown>>,
      };
    },
  };
}
