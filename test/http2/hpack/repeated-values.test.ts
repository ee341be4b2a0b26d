import { describe, expect, it } from 'vitest';
import { RepeatedValues } from '../../../src/http2/hpack/repeated-values.js';

describe('RepeatedValues', () => {
  it('knows a value the second time', () => {
    const repeated = new RepeatedValues();
    expect(repeated.seen('tenant', 'a')).toBe(false);
    expect(repeated.seen('tenant', 'a')).toBe(true);
    expect(repeated.seen('other', 'a')).toBe(false);
  });

  it('knows several values of a name that comes more than once in a block', () => {
    const repeated = new RepeatedValues();
    for (const value of ['a', 'b', 'c']) expect(repeated.seen('tag', value)).toBe(false);
    for (const value of ['a', 'b', 'c']) expect(repeated.seen('tag', value)).toBe(true);
  });

  it('forgets a value behind four others', () => {
    const repeated = new RepeatedValues();
    for (const value of ['a', 'b', 'c', 'd', 'e']) repeated.seen('trace', value);
    expect(repeated.seen('trace', 'a')).toBe(false);
    expect(repeated.seen('trace', 'e')).toBe(true);
  });

  it('is bounded in names', () => {
    const repeated = new RepeatedValues();
    repeated.seen('first', 'a');
    for (let i = 0; i < 32; i++) repeated.seen(`name-${i}`, 'a');
    expect(repeated.seen('first', 'a')).toBe(false);
    expect(repeated.seen('name-31', 'a')).toBe(true);
  });
});
