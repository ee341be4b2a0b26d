import { describe, expect, it } from 'vitest';
import { quartiles } from '../../bench/harness/quartiles.js';

describe('quartiles', () => {
  it('are the second, third and fourth of five', () => {
    expect(quartiles([50, 10, 40, 20, 30])).toEqual({ low: 20, median: 30, high: 40 });
  });

  it('lie between two values where they must', () => {
    expect(quartiles([1, 2, 3, 4])).toEqual({ low: 1.75, median: 2.5, high: 3.25 });
  });

  it('are one value three times, or nothing', () => {
    expect(quartiles([7])).toEqual({ low: 7, median: 7, high: 7 });
    expect(quartiles([])).toBeUndefined();
  });
});
