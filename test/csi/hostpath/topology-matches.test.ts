import { describe, expect, it } from 'vitest';
import { topologyMatches } from '../../../src/csi/hostpath/topology-matches.js';

describe('topologyMatches', () => {
  const own = { 'example.com/Zone': 'z1', 'example.com/rack': 'r3' };

  it('wants every segment that is asked for, with keys of any case', () => {
    expect(topologyMatches(own, { segments: { 'example.com/zone': 'z1' } })).toBe(true);
    expect(topologyMatches(own, { segments: {} })).toBe(true);
    expect(topologyMatches(own, { segments: { 'example.com/zone': 'Z1' } })).toBe(false);
    expect(topologyMatches(own, { segments: { 'example.com/zone': 'z1', 'example.com/rack': 'r1' } })).toBe(false);
    expect(topologyMatches(own, { segments: { 'example.com/region': 'z1' } })).toBe(false);
  });
});
