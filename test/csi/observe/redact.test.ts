import { describe, expect, it } from 'vitest';
import * as csi from '../../../gen/csi/v1/csi.js';
import { PluginInfo } from '../../../gen/pluginregistration/v1/pluginregistration.js';
import { messageFields } from '../../../src/csi/message-fields.js';
import { redact, redactor } from '../../../src/csi/observe/redact.js';

const { CreateVolumeRequest, VolumeCapability_AccessMode_Mode: Mode } = csi;

describe('a redacted message', () => {
  it('has the names of the protocol, and no secret', () => {
    const request = CreateVolumeRequest.fromPartial({
      name: 'pvc-1',
      capacityRange: { requiredBytes: 1024n },
      volumeCapabilities: [
        {
          accessType: { $case: 'mount', value: { fsType: 'ext4', mountFlags: ['ro', 'noatime'] } },
          accessMode: { mode: Mode.SINGLE_NODE_WRITER },
        },
        { accessType: { $case: 'block', value: {} }, accessMode: { mode: Mode.UNKNOWN } },
      ],
      parameters: { pool: 'fast' },
      secrets: { password: 'hush' },
      volumeContentSource: { type: { $case: 'snapshot', value: { snapshotId: 'snap-1' } } },
    });
    expect(redact(CreateVolumeRequest, request)).toEqual({
      name: 'pvc-1',
      capacity_range: { required_bytes: 1024 },
      volume_capabilities: [
        {
          mount: { fs_type: 'ext4', mount_flags: ['ro', 'noatime'] },
          access_mode: { mode: 'SINGLE_NODE_WRITER' },
        },
        { block: {}, access_mode: {} },
      ],
      parameters: { pool: 'fast' },
      secrets: '***stripped***',
      volume_content_source: { snapshot: { snapshot_id: 'snap-1' } },
    });
  });

  it('hides the secrets of every message that has some', () => {
    const types = Object.entries(csi).filter(([, value]) => typeof value === 'object' && 'decode' in value);
    const secretive = types.flatMap(([name, type]) => {
      const secret = messageFields(`csi.v1.${name.replaceAll('_', '.')}`).filter((field) => field.secret);
      return secret.map((field) => ({ type: type as never, field }));
    });
    // As many as the specification marks.
    expect(secretive).toHaveLength(22);
    for (const { type, field } of secretive) {
      const printed = redact(type, { [field.key]: { password: 'hush' } });
      expect(printed).toEqual({ [field.name]: '***stripped***' });
    }
  });

  it('hides the tokens of service accounts, in whatever map they come', () => {
    const volumeContext = { 'csi.storage.k8s.io/serviceAccount.tokens': '{"":{"token":"hush"}}', zone: 'a' };
    expect(redact(csi.NodePublishVolumeRequest, { volumeId: 'v', volumeContext })).toEqual({
      volume_id: 'v',
      volume_context: { 'csi.storage.k8s.io/serviceAccount.tokens': '***stripped***', zone: 'a' },
    });
  });

  it('can be JSON, whatever the size of its numbers', () => {
    const response = { availableCapacity: 2n ** 53n - 1n, maximumVolumeSize: 2n ** 63n - 1n };
    const printed = redact(csi.GetCapacityResponse, response);
    expect(JSON.stringify(printed)).toBe(
      '{"available_capacity":9007199254740991,"maximum_volume_size":"9223372036854775807"}',
    );
  });

  it('shows wrapped values and times', () => {
    expect(redact(csi.ProbeResponse, { ready: false })).toEqual({ ready: false });
    expect(redact(csi.ProbeResponse, {})).toEqual({});
    const snapshot = { creationTime: { seconds: 12n, nanos: 5 }, readyToUse: true };
    expect(redact(csi.CreateSnapshotResponse, { snapshot })).toEqual({
      snapshot: { creation_time: { seconds: 12, nanos: 5 }, ready_to_use: true },
    });
  });

  it('has numbers for what an enum does not name', () => {
    const mode = 4711 as never;
    expect(redact(csi.VolumeCapability, { accessMode: { mode } })).toEqual({ access_mode: { mode: 4711 } });
  });

  it('leaves out what is of another type than the protocol says, for it may be anything', () => {
    const hush = { password: 'hush' };
    const request = { name: hush, volumeCapabilities: hush, parameters: { pool: hush }, capacityRange: [hush] };
    expect(JSON.stringify(redact(CreateVolumeRequest, request))).not.toContain('hush');
    expect(redact(CreateVolumeRequest, undefined)).toBeUndefined();
  });

  it('keeps its map keys to itself', () => {
    const parameters = JSON.parse('{"__proto__":"polluted"}');
    const printed = redact(CreateVolumeRequest, { parameters });
    expect(JSON.stringify(printed)).toBe('{"parameters":{"__proto__":"polluted"}}');
  });
});

describe('a message of another protocol', () => {
  it('is not printed', () => {
    expect(redactor(PluginInfo)).toBeUndefined();
    expect(redact(PluginInfo, { name: 'csi.example.com' })).toBeUndefined();
  });
});
