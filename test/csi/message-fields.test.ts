import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { messageFields } from '../../src/csi/message-fields.js';

function field(message: string, name: string) {
  return messageFields(`csi.v1.${message}`).find((candidate) => candidate.name === name);
}

describe('messageFields', () => {
  it('knows strings, lists, maps, messages and numbers', () => {
    expect(field('CreateVolumeRequest', 'name')).toEqual({
      ...{ name: 'name', key: 'name', kind: 'string', repeated: false },
      ...{ oneof: undefined, type: undefined, secret: false },
    });
    expect(field('CreateVolumeRequest', 'volume_capabilities')).toMatchObject({
      ...{ key: 'volumeCapabilities', kind: 'message', repeated: true, type: 'csi.v1.VolumeCapability' },
    });
    expect(field('CreateVolumeRequest', 'mutable_parameters')).toMatchObject({
      ...{ key: 'mutableParameters', kind: 'map', repeated: false, type: undefined, secret: false },
    });
    expect(field('DeleteVolumeGroupSnapshotRequest', 'snapshot_ids')).toMatchObject({ kind: 'string', repeated: true });
    expect(field('CapacityRange', 'limit_bytes')).toMatchObject({ key: 'limitBytes', kind: 'scalar' });
    expect(field('ProbeResponse', 'ready')).toMatchObject({ kind: 'message', type: 'google.protobuf.BoolValue' });
  });

  it('knows what is nested, and choices', () => {
    expect(field('VolumeCapability.AccessMode', 'mode')).toMatchObject({ kind: 'enum' });
    expect(field('VolumeCapability', 'mount')).toMatchObject({
      ...{ oneof: 'access_type', type: 'csi.v1.VolumeCapability.MountVolume' },
    });
    expect(field('VolumeCapability', 'access_mode')).toMatchObject({ oneof: undefined });
  });

  it('knows every secret', () => {
    const proto = readFileSync(new URL('../../proto/csi/v1/csi.proto', import.meta.url), 'utf8');
    const names = [...proto.matchAll(/^message (\w+)/gm)].map(([, name]) => name!);
    const secrets = names.flatMap((name) => messageFields(`csi.v1.${name}`).filter(({ secret }) => secret));
    expect(secrets).toHaveLength(proto.match(/csi_secret\) = true/g)!.length);
    expect(field('NodeExpandVolumeRequest', 'secrets')).toMatchObject({ secret: true });
  });

  it('knows what CSI takes from elsewhere', () => {
    const seconds = { name: 'seconds', key: 'seconds', kind: 'scalar' };
    expect(messageFields('google.protobuf.Timestamp')).toMatchObject([seconds, { name: 'nanos' }]);
  });

  it('has nothing for a message that it does not know', () => {
    expect(messageFields('csi.v1.Nothing')).toEqual([]);
  });
});
