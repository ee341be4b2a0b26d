import { expect, it } from 'vitest';
import { parseSize } from '../../../src/csi/reconcile/parse-size.js';

it.each([
  ['1', 1n],
  [5, 5n],
  [7n, 7n],
  ['64Mi', 67_108_864n],
  ['1Gi', 2n ** 30n],
  ['1500M', 1_500_000_000n],
  ['2k', 2_000n],
])('reads %s', (size, bytes) => {
  expect(parseSize(size)).toBe(bytes);
});

it.each([
  ...['', '0', '-1', '1.5Gi', '64 Mi', '64Mb', '64mi', 'Mi', '9Ei'],
  ...[0, -1, 1.5, Number.NaN, 2n ** 63n, '9000000Pi'],
])('refuses %s', (size) => {
  expect(() => parseSize(size)).toThrow(/is no size: write bytes, or a text such as 64Mi/);
});
