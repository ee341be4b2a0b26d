import { describe, expect, it } from 'vitest';
import { ephemeralSize, isEphemeral } from '../../../../src/csi/hostpath/node/ephemeral-context.js';
import { Code } from '../../../../src/index.js';

describe('isEphemeral', () => {
  it('is what kubelet says with true', () => {
    expect(isEphemeral({ 'csi.storage.k8s.io/ephemeral': 'true' })).toBe(true);
    expect(isEphemeral({ 'csi.storage.k8s.io/ephemeral': 'false' })).toBe(false);
    expect(isEphemeral({})).toBe(false);
  });
});

describe('ephemeralSize', () => {
  it.each([
    ['65536', 65_536n],
    ['3k', 3_000n],
    ['3Ki', 3_072n],
    ['100Mi', 104_857_600n],
    ['2G', 2_000_000_000n],
    ['1Ti', 1_099_511_627_776n],
    ['1P', 1_000_000_000_000_000n],
  ])('reads %s', (size, bytes) => {
    expect(ephemeralSize({ size })).toBe(bytes);
  });

  it('is not said without one', () => {
    expect(ephemeralSize({ kind: 'fast' })).toBe(0n);
  });

  it.each(['', '0', '-1', '1.5Gi', '1 Gi', '1gi', '1K', '99999Pi', 'x'])('refuses %j', (size) => {
    expect(() => ephemeralSize({ size })).toThrow(expect.objectContaining({ code: Code.INVALID_ARGUMENT }));
  });
});
