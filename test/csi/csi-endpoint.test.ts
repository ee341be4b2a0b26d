import { describe, expect, it } from 'vitest';
import { csiEndpoint } from '../../src/csi/csi-endpoint.js';

describe('csiEndpoint', () => {
  it('is what the environment says', () => {
    expect(csiEndpoint({ CSI_ENDPOINT: 'unix:///csi/csi.sock' })).toBe('unix:///csi/csi.sock');
  });

  it('is the usual place when the environment says nothing', () => {
    expect(csiEndpoint({})).toBe('unix:///run/csi/socket');
    expect(csiEndpoint({ CSI_ENDPOINT: '' })).toBe('unix:///run/csi/socket');
  });

  it('reads the environment of this process', () => {
    const before = process.env.CSI_ENDPOINT;
    process.env.CSI_ENDPOINT = '@csi';
    try {
      expect(csiEndpoint()).toBe('@csi');
    } finally {
      if (before === undefined) delete process.env.CSI_ENDPOINT;
      else process.env.CSI_ENDPOINT = before;
    }
  });
});
