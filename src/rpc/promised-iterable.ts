const done: IteratorResult<never> = { value: undefined, done: true };

/**
 * The async iterable that a promise will give, made at the first `next`. Other than a generator that delegates to it,
 * `return` reaches it while a `next` is pending, so that a stream which waits can be cancelled.
 */
export class PromisedIterable<Value> implements AsyncIterableIterator<Value> {
  readonly #make: () => Promise<AsyncIterable<Value>>;
  #iterator: Promise<AsyncIterator<Value>> | undefined;
  #finished = false;

  constructor(make: () => Promise<AsyncIterable<Value>>) {
    this.#make = make;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Value>> {
    if (this.#finished) return done;
    try {
      this.#iterator ??= this.#make().then((iterable) => iterable[Symbol.asyncIterator]());
      const iterator = await this.#iterator;
      const result = await iterator.next();
      if (result.done) this.#finished = true;
      return result;
    } catch (error) {
      this.#finished = true;
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Value>> {
    this.#finished = true;
    const iterator = await this.#iterator?.catch(() => undefined);
    await iterator?.return?.();
    return done;
  }
}
