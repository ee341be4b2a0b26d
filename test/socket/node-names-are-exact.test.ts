import { describe, expect, it } from 'vitest';
import { nodeNamesAreExact } from '../../src/socket/node-names-are-exact.js';
import { openDescriptors } from './open-descriptors.js';

describe('nodeNamesAreExact', () => {
  it('finds out what libuv does since 1.48, and leaves nothing open', async () => {
    const before = openDescriptors('/nowhere');
    const [major = 0, minor = 0] = process.versions.uv.split('.').map(Number);
    expect(nodeNamesAreExact()).toBe(major > 1 || minor >= 48);
    await new Promise((resolve) => setImmediate(resolve));
    expect(openDescriptors('/nowhere')).toEqual(before);
  });
});
