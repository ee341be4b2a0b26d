import { describe, expect, it } from 'vitest';
import { CreateVolumeRequest, VolumeCapability, VolumeCapability_AccessMode_Mode } from '../../gen/csi/v1/csi.js';
import { ErrorInfo } from '../../gen/google/rpc/error_details.js';
import { ExchangeResponse, WatchResponse } from '../../gen/podinfo/v1/podinfo.js';

/** What the options in buf.gen.yaml were chosen for. */
describe('generated code', () => {
  it('keeps 64-bit numbers above 2^53', () => {
    const message = WatchResponse.fromPartial({ memoryUsageBytes: 2n ** 64n - 1n });
    expect(WatchResponse.decode(WatchResponse.encode(message).finish()).memoryUsageBytes).toBe(2n ** 64n - 1n);
  });

  it('tells an absent figure from 0', () => {
    const message = WatchResponse.fromPartial({ memoryUsageBytes: 0n });
    const decoded = WatchResponse.decode(WatchResponse.encode(message).finish());
    expect([decoded.memoryUsageBytes, decoded.memoryLimitBytes]).toEqual([0n, undefined]);
  });

  it('has oneofs as tagged unions, an empty value included', () => {
    const message = ExchangeResponse.fromPartial({ id: 7n, outcome: { $case: 'output', value: '' } });
    const decoded = ExchangeResponse.decode(ExchangeResponse.encode(message).finish());
    expect(decoded).toEqual({ id: 7n, outcome: { $case: 'output', value: '' } });
  });

  it('accepts nested partial messages', () => {
    const request = CreateVolumeRequest.fromPartial({
      name: 'pvc-1',
      capacityRange: { requiredBytes: 1n },
      volumeCapabilities: [{ accessType: { $case: 'mount', value: { fsType: 'ext4' } } }],
    });
    expect(CreateVolumeRequest.decode(CreateVolumeRequest.encode(request).finish())).toEqual(request);
  });

  it('keeps the number of an enum value that it does not know', () => {
    const bytes = Buffer.from('1a0208' + '63', 'hex'); // access_mode { mode: 99 }
    const decoded = VolumeCapability.decode(bytes);
    expect(decoded.accessMode?.mode).toBe(99);
    expect(Object.values(VolumeCapability_AccessMode_Mode)).not.toContain(99);
    expect(Buffer.from(VolumeCapability.encode(decoded).finish())).toEqual(bytes);
  });

  it('loses the map key __proto__ and no other', () => {
    const entry = (key: string) =>
      Buffer.concat([
        Buffer.from([0x1a, key.length + 5, 0x0a, key.length]),
        Buffer.from(key),
        Buffer.from([0x12, 1, 0x78]),
      ]);
    const decoded = ErrorInfo.decode(Buffer.concat([entry('__proto__'), entry('constructor'), entry('plain')]));
    expect(Object.entries(decoded.metadata)).toEqual([
      ['constructor', 'x'],
      ['plain', 'x'],
    ]);
    expect(Object.getPrototypeOf(decoded.metadata)).toBe(Object.prototype);
  });

  it('survives JSON', () => {
    const message = WatchResponse.fromPartial({ sequence: 1n, cpuUsageMicros: 2n ** 60n });
    expect(WatchResponse.fromJSON(JSON.parse(JSON.stringify(WatchResponse.toJSON(message))))).toEqual(message);
  });
});
