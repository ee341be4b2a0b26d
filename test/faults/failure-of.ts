/**
 * What a promise rejects with, undefined when it does not. In place of vitest's `rejects`, which keeps two kilobytes of
 * every use until the test ends: that would hide what we keep.
 */
export function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
