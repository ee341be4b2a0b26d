import { describe, expect, it } from 'vitest';
import { fitsRange } from '../../../src/csi/hostpath/fits-range.js';

describe('fitsRange', () => {
  it('has both bounds in it, and none where 0 is said', () => {
    const fits = (bytes: bigint, requiredBytes: bigint, limitBytes: bigint) =>
      fitsRange(bytes, { requiredBytes, limitBytes });
    expect([fits(5n, 5n, 5n), fits(5n, 0n, 5n), fits(5n, 5n, 0n), fitsRange(5n, undefined)]).not.toContain(false);
    expect([fits(5n, 6n, 0n), fits(5n, 0n, 4n), fits(5n, 1n, 4n)]).not.toContain(true);
  });
});
