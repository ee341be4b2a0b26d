import { describe, expect, it } from 'vitest';
import { PodInfoDefinition } from '../../gen/podinfo/v1/podinfo.js';
import { isServiceDefinition } from '../../src/rpc/is-service-definition.js';

describe('isServiceDefinition', () => {
  it('is true for what is generated', () => {
    expect(isServiceDefinition(PodInfoDefinition)).toBe(true);
  });

  it.each([undefined, null, '/x.sock', {}, { fullName: 'a.B' }, { fullName: 'a.B', methods: null }, { methods: {} }])(
    'is false for %j',
    (value) => {
      expect(isServiceDefinition(value)).toBe(false);
    },
  );
});
