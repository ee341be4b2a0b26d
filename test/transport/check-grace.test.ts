import { expect, it } from 'vitest';
import { checkGrace } from '../../src/transport/check-grace.js';

it('takes any time, also none and all', () => {
  for (const milliseconds of [0, 0.5, 1e12, Number.POSITIVE_INFINITY]) checkGrace('graceMs', milliseconds);
});

it.each([-1, Number.NaN, Number.NEGATIVE_INFINITY, 'soon' as never])('refuses %s', (milliseconds) => {
  expect(() => checkGrace('graceMs', milliseconds)).toThrow(
    `graceMs is ${milliseconds}; it must be 0 milliseconds or more`,
  );
});
