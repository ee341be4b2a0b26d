import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  clearExtension,
  createFileRegistry,
  fromBinary,
  hasExtension,
  setExtension,
  toBinary,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildDescriptors } from './build-descriptors.js';
import { differences } from './differences.js';
import { normaliseDescriptor } from './normalise-descriptor.js';
import { csi } from './public-interfaces.js';

const proto = readFileSync(new URL('../../proto/csi/v1/csi.proto', import.meta.url), 'utf8');
const reference = JSON.parse(readFileSync(new URL(csi.reference, import.meta.url), 'utf8'));

/** Each is a change that must not pass: what, in which block, from, to, and where the comparison has to see it. */
const changes: [what: string, block: string, from: string, to: string, seen: string[]][] = [
  [
    'a csi_secret is deleted',
    'message DeleteVolumeRequest {',
    'secrets = 2 [(csi_secret) = true]',
    'secrets = 2',
    ['messages.DeleteVolumeRequest.fields.secrets.options: {"[csi.v1.csi_secret]":true} became nothing'],
  ],
  [
    'a csi_secret is deleted beside another option',
    'message NodeExpandVolumeRequest {',
    ',\n    (csi_secret) = true',
    '',
    ['messages.NodeExpandVolumeRequest.fields.secrets.options.[csi.v1.csi_secret]: true became nothing'],
  ],
  [
    'a csi_secret is turned off',
    'message DeleteVolumeRequest {',
    '(csi_secret) = true',
    '(csi_secret) = false',
    ['messages.DeleteVolumeRequest.fields.secrets.options.[csi.v1.csi_secret]: true became false'],
  ],
  [
    'an extension number changes',
    'extend google.protobuf.FieldOptions {',
    'csi_secret = 1059',
    'csi_secret = 1061',
    ['extensions.csi_secret.number: 1059 became 1061'],
  ],
  [
    'an extension moves to another kind of element',
    '',
    'extend google.protobuf.EnumOptions {',
    'extend google.protobuf.OneofOptions {',
    ['extensions.alpha_enum.extendee: ".google.protobuf.EnumOptions" became ".google.protobuf.OneofOptions"'],
  ],
  [
    'a reserved range is deleted',
    'message NodeGetVolumeStatsResponse {',
    'reserved 2;',
    '',
    ['messages.NodeGetVolumeStatsResponse.reservedRange: [{"end":3,"start":2}] became nothing'],
  ],
  [
    'a reserved range changes',
    'message NodeGetVolumeStatsResponse {',
    'reserved 2;',
    'reserved 3;',
    [
      'messages.NodeGetVolumeStatsResponse.reservedRange.0.end: 3 became 4',
      'messages.NodeGetVolumeStatsResponse.reservedRange.0.start: 2 became 3',
    ],
  ],
  [
    'a reserved enum value is given back',
    'message NodeServiceCapability {',
    'reserved 4;',
    '',
    ['enums.NodeServiceCapability.RPC.Type.reservedRange: [{"end":4,"start":4}] became nothing'],
  ],
  [
    'a field number changes',
    'message Volume {',
    'volume_id = 2;',
    'volume_id = 12;',
    ['messages.Volume.fields.volume_id.number: 2 became 12'],
  ],
  [
    'a field type changes',
    'message CapacityRange {',
    'int64 limit_bytes',
    'uint64 limit_bytes',
    ['messages.CapacityRange.fields.limit_bytes.type: "TYPE_INT64" became "TYPE_UINT64"'],
  ],
  [
    'a JSON name is given',
    'message CapacityRange {',
    'limit_bytes = 2;',
    'limit_bytes = 2 [json_name = "limit"];',
    ['messages.CapacityRange.fields.limit_bytes.jsonName: "limitBytes" became "limit"'],
  ],
  [
    'a oneof is renamed',
    'message VolumeContentSource {',
    'oneof type {',
    'oneof kind {',
    [
      'messages.VolumeContentSource.fields.snapshot.oneof: "type" became "kind"',
      'messages.VolumeContentSource.fields.volume.oneof: "type" became "kind"',
      'messages.VolumeContentSource.oneofs.type: {} became nothing',
      'messages.VolumeContentSource.oneofs.kind: nothing became {}',
    ],
  ],
  [
    'a field becomes proto3 optional',
    'message Snapshot {',
    'bool ready_to_use',
    'optional bool ready_to_use',
    [
      'messages.Snapshot.fields.ready_to_use.oneof: nothing became "_ready_to_use"',
      'messages.Snapshot.fields.ready_to_use.proto3Optional: nothing became true',
      'messages.Snapshot.oneofs._ready_to_use: nothing became {}',
    ],
  ],
  [
    'an enum value changes its number',
    'enum BlockMetadataType {',
    'VARIABLE_LENGTH = 2;',
    'VARIABLE_LENGTH = 3;',
    ['enums.BlockMetadataType.values.2.number: 2 became 3'],
  ],
  [
    'an enum value is no longer alpha',
    'message PluginCapability {',
    'SNAPSHOT_METADATA_SERVICE = 4 [(alpha_enum_value) = true];',
    'SNAPSHOT_METADATA_SERVICE = 4;',
    ['enums.PluginCapability.Service.Type.values.4.options: {"[csi.v1.alpha_enum_value]":true} became nothing'],
  ],
  [
    'a message is no longer alpha',
    'message VolumeHealth {',
    'option (alpha_message) = true;',
    '',
    ['messages.VolumeHealth.options: {"[csi.v1.alpha_message]":true} became nothing'],
  ],
  [
    'a method is no longer alpha',
    'service Node {',
    'option (alpha_method) = true;',
    '',
    ['services.Node.methods.NodeGetVolumeHealth.options: {"[csi.v1.alpha_method]":true} became nothing'],
  ],
  [
    'a service is no longer alpha',
    'service SnapshotMetadata {',
    'option (alpha_service) = true;',
    '',
    ['services.SnapshotMetadata.options: {"[csi.v1.alpha_service]":true} became nothing'],
  ],
  [
    'a method starts streaming',
    'service Identity {',
    'Probe(ProbeRequest)',
    'Probe(stream ProbeRequest)',
    ['services.Identity.methods.Probe.clientStreaming: nothing became true'],
  ],
  [
    'the Go package changes',
    '',
    'spec/lib/go/csi"',
    'spec/lib/go/other"',
    [
      'files.0.options.goPackage: "github.com/container-storage-interface/spec/lib/go/csi" became "github.com/container-storage-interface/spec/lib/go/other"',
    ],
  ],
];

const protoFolder = fileURLToPath(new URL('../../proto', import.meta.url));

describe('csi.proto', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'podwire-csi-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Compiles `text` as csi/v1/csi.proto and compares it with the committed facts. */
  function compare(text: string): string[] {
    mkdirSync(join(folder, 'csi/v1'), { recursive: true });
    writeFileSync(join(folder, 'csi/v1/csi.proto'), text);
    return differences(reference, normaliseDescriptor(buildDescriptors(folder), csi.package));
  }

  it('is CSI 1.13', () => {
    expect(differences(reference, normaliseDescriptor(buildDescriptors(protoFolder), csi.package))).toEqual([]);
  });

  it('has the 36 calls and 22 secrets of CSI 1.13', () => {
    expect(proto.match(/^ {2}rpc /gm)).toHaveLength(36);
    expect(proto.match(/\(csi_secret\) = true/g)).toHaveLength(22);
  });

  it.each(changes)('differs when %s', (_what, block, from, to, seen) => {
    const start = proto.indexOf(block);
    const at = proto.indexOf(from, start);
    expect(Math.min(start, at), `${from} is no longer in ${block}`).toBeGreaterThanOrEqual(0);
    expect(compare(proto.slice(0, at) + to + proto.slice(at + from.length)).sort()).toEqual([...seen].sort());
  });

  it('differs when any one csi_secret is deleted', () => {
    const set = fromBinary(FileDescriptorSetSchema, buildDescriptors(protoFolder));
    const secret = createFileRegistry(set).getExtension('csi.v1.csi_secret')!;
    const messages = set.file.find((file) => file.package === csi.package)!.messageType;
    const marked = messages.flatMap((message) =>
      message.field.flatMap(({ name, options }) =>
        options && hasExtension(options, secret) ? [{ path: `${message.name}.fields.${name}`, options }] : [],
      ),
    );
    expect(marked).toHaveLength(22);
    for (const { path, options } of marked) {
      clearExtension(options, secret);
      const found = differences(reference, normaliseDescriptor(toBinary(FileDescriptorSetSchema, set), csi.package));
      setExtension(options, secret, true);
      expect(found).toHaveLength(1);
      expect(found[0]).toContain(`messages.${path}.options`);
    }
  });

  it('does not differ when only comments and the order of messages change', () => {
    const empty = 'message ProbeRequest {}\n';
    expect(compare(`${proto.replace(empty, '').replace(/^ *\/\/.*\n/gm, '')}\n${empty}`)).toEqual([]);
  });

  it('is not compared when an option is set that the set does not define', () => {
    const set = fromBinary(FileDescriptorSetSchema, buildDescriptors(protoFolder));
    for (const file of set.file) file.extension = [];
    const serialized = toBinary(FileDescriptorSetSchema, set);
    expect(() => normaliseDescriptor(serialized, csi.package)).toThrow(/does not define option 10(59|60) of google/);
  });
});
