import { describe, expect, it } from 'vitest';
import { formatNumber } from '../../bench/harness/format-number.js';

describe('formatNumber', () => {
  it.each([
    [293_412, '293,000'],
    [1_049, '1,050'],
    [999.4, '999'],
    [48.25, '48.3'],
    [1.074, '1.07'],
    [0.0934, '0.093'],
    [0, '0'],
  ])('shows %d as %s', (value, shown) => {
    expect(formatNumber(value)).toBe(shown);
  });
});
