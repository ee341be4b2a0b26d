import { expect, it } from 'vitest';
import { parseQuantity } from '../../src/cli/parse-quantity.js';

it('reads bytes and the suffixes of Kubernetes', () => {
  expect(['0', '4096', '10Ki', '10Gi', '3k', '2T'].map(parseQuantity)).toEqual([
    0n,
    4096n,
    10_240n,
    10n * 2n ** 30n,
    3000n,
    2n * 10n ** 12n,
  ]);
});

it.each(['', 'Gi', '-1', '1.5Gi', '10GB', '10 Gi', '1e3', '10constructor'])('refuses %j', (text) => {
  expect(() => parseQuantity(text)).toThrow('A size is a number of bytes');
});
