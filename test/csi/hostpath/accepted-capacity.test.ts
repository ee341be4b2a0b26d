import { describe, expect, it } from 'vitest';
import { acceptedCapacity } from '../../../src/csi/hostpath/accepted-capacity.js';
import { Code } from '../../../src/index.js';

const GIBIBYTE = 1024n ** 3n;
const range = (requiredBytes: bigint, limitBytes = 0n) => ({ requiredBytes, limitBytes });
const refused = expect.objectContaining({ code: Code.OUT_OF_RANGE });

describe('acceptedCapacity', () => {
  it('is exactly what is required', () => {
    expect(acceptedCapacity(range(10n * GIBIBYTE, 20n * GIBIBYTE), 'mount')).toBe(10n * GIBIBYTE);
    expect(acceptedCapacity(range(7n), 'mount')).toBe(7n);
    expect(acceptedCapacity(range(512n, 512n), 'block')).toBe(512n);
  });

  it('is a gibibyte where nothing is required, or the limit', () => {
    expect(acceptedCapacity(undefined, 'mount')).toBe(GIBIBYTE);
    expect(acceptedCapacity(range(0n, 2n * GIBIBYTE), 'block')).toBe(GIBIBYTE);
    expect(acceptedCapacity(range(0n, 1000n), 'mount')).toBe(1000n);
  });

  it('has whole sectors for a block device', () => {
    expect(acceptedCapacity(range(513n), 'block')).toBe(1024n);
    expect(acceptedCapacity(range(0n, 1000n), 'block')).toBe(512n);
    expect(() => acceptedCapacity(range(513n, 600n), 'block')).toThrow(refused);
    expect(() => acceptedCapacity(range(0n, 511n), 'block')).toThrow(refused);
  });

  it('is never less than the source', () => {
    expect(acceptedCapacity(undefined, 'mount', 100n)).toBe(100n);
    expect(acceptedCapacity(range(50n, 200n), 'mount', 100n)).toBe(100n);
    expect(acceptedCapacity(range(150n), 'mount', 100n)).toBe(150n);
    expect(() => acceptedCapacity(range(0n, 99n), 'mount', 100n)).toThrow(refused);
  });
});
