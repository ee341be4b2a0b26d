import { describe, expect, it } from 'vitest';
import { isId } from '../../../src/csi/hostpath/is-id.js';

describe('isId', () => {
  it('takes nothing that could lead to another path', () => {
    const digits = '0'.repeat(32);
    expect(isId('vol', `vol-${digits}`)).toBe(true);
    for (const text of ['', 'vol-', '..', `vol-${digits}/..`, `vol-../${digits.slice(3)}`, `vol-${digits}\n`]) {
      expect(isId('vol', text), JSON.stringify(text)).toBe(false);
    }
    expect(isId('vol', `vol-${'A'.repeat(32)}`)).toBe(false);
    expect(isId('vol', `snap-${digits}`)).toBe(false);
  });
});
