import { expect, it } from 'vitest';
import type { Operation } from '../../../src/csi/reconcile/operation.js';
import { RetryTimes } from '../../../src/csi/reconcile/retry-times.js';

const create = { method: 'deleteVolume' } as const satisfies Operation;
const publish = (path: string) => ({ method: 'nodeUnpublishVolume', node: 'n', path }) as const satisfies Operation;
const failure = new Error('no');

it('lets each operation of an object wait for itself, longer each time', () => {
  const retries = new RetryTimes({ firstMs: 1_000, multiplier: 2, jitter: 0 });
  expect(retries.next('v', [create]).operation).toBe(create);
  expect(retries.next('v', [])).toEqual({ waitMs: Number.POSITIVE_INFINITY });
  const first = retries.failed('v', create, failure, 'final', false);
  expect(first).toMatchObject({ attempts: 1, retryAtMs: first.failedAtMs + 1_000 });
  const second = retries.failed('v', create, failure, 'final', false);
  expect(second).toMatchObject({ attempts: 2, retryAtMs: second.failedAtMs + 1_000 });
  expect(retries.next('v', [create]).operation).toBeUndefined();
  expect(retries.next('v', [create, publish('/a')]).operation).toEqual(publish('/a'));
  retries.failed('v', publish('/a'), failure, 'final', false);
  expect(retries.next('v', [create, publish('/a')]).waitMs).toBeGreaterThan(0);
  expect(retries.next('v', [create, publish('/b')]).operation).toEqual(publish('/b'));
  expect(retries.next('w', [create]).operation).toBe(create);
});

it('forgets what succeeded, and an object', () => {
  const retries = new RetryTimes({ firstMs: 60_000 });
  retries.failed('v', create, failure, 'final', false);
  retries.succeeded('v', create);
  expect(retries.failures('v', [create])).toEqual([]);
  retries.failed('v', create, failure, 'final', false);
  retries.forget('v');
  expect(retries.next('v', [create]).operation).toBe(create);
});

it('holds what is of no use until it is released', () => {
  const retries = new RetryTimes({});
  retries.failed('v', create, failure, 'final', true);
  expect(retries.next('v', [create])).toEqual({ waitMs: Number.POSITIVE_INFINITY });
  expect(retries.failures('v', [create])).toMatchObject([{ error: failure, errorClass: 'final' }]);
  expect(retries.release()).toEqual(['v']);
  expect(retries.next('v', [create]).operation).toBe(create);
});
