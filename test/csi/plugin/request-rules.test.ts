import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as csi from '../../../gen/csi/v1/csi.js';
import { RequestRules } from '../../../src/csi/plugin/request-rules.js';
import { Code } from '../../../src/index.js';

type Request = { [key: string]: unknown };

const rules = new RequestRules({ maxMapBytes: 4096, stages: false });
const accessMode = { mode: csi.VolumeCapability_AccessMode_Mode.SINGLE_NODE_WRITER };
const capability: csi.VolumeCapability = {
  accessType: { $case: 'mount', value: { fsType: '', mountFlags: [], volumeMountGroup: '' } },
  accessMode,
};
const capacityRange = { requiredBytes: 1n, limitBytes: 0n };

/** A request of each method that has what is required, and no more. */
const valid: { readonly [method: string]: Request } = {
  GetPluginInfo: {},
  GetPluginCapabilities: {},
  Probe: {},
  CreateVolume: { name: 'data', volumeCapabilities: [capability] },
  DeleteVolume: { volumeId: 'v1' },
  ControllerPublishVolume: { volumeId: 'v1', nodeId: 'n1', volumeCapability: capability },
  ControllerUnpublishVolume: { volumeId: 'v1' },
  ValidateVolumeCapabilities: { volumeId: 'v1', volumeCapabilities: [capability] },
  ListVolumes: {},
  ControllerListVolumeHealth: {},
  ControllerGetVolumeHealth: { volumeId: 'v1' },
  GetCapacity: {},
  ControllerGetCapabilities: {},
  CreateSnapshot: { sourceVolumeId: 'v1', name: 's' },
  DeleteSnapshot: { snapshotId: 's1' },
  ListSnapshots: {},
  GetSnapshot: { snapshotId: 's1' },
  ControllerExpandVolume: { volumeId: 'v1', capacityRange },
  ControllerGetVolume: { volumeId: 'v1' },
  ControllerModifyVolume: { volumeId: 'v1', mutableParameters: { iops: '5' } },
  GroupControllerGetCapabilities: {},
  CreateVolumeGroupSnapshot: { name: 'g', sourceVolumeIds: ['v1'] },
  DeleteVolumeGroupSnapshot: { groupSnapshotId: 'g1' },
  GetVolumeGroupSnapshot: { groupSnapshotId: 'g1' },
  GetMetadataAllocated: { snapshotId: 's1' },
  GetMetadataDelta: { baseSnapshotId: 's1', targetSnapshotId: 's2' },
  NodeStageVolume: { volumeId: 'v1', stagingTargetPath: '/staging', volumeCapability: capability },
  NodeUnstageVolume: { volumeId: 'v1', stagingTargetPath: '/staging' },
  NodePublishVolume: { volumeId: 'v1', targetPath: '/target', volumeCapability: capability },
  NodeUnpublishVolume: { volumeId: 'v1', targetPath: '/target' },
  NodeGetVolumeStats: { volumeId: 'v1', volumePath: '/target' },
  NodeGetVolumeHealth: { volumeId: 'v1' },
  NodeGetStorageHealth: {},
  NodeExpandVolume: { volumeId: 'v1', volumePath: '/target' },
  NodeGetCapabilities: {},
  NodeGetInfo: {},
};

const definitions = [
  csi.IdentityDefinition,
  csi.ControllerDefinition,
  csi.GroupControllerDefinition,
  csi.SnapshotMetadataDefinition,
  csi.NodeDefinition,
];
const requestTypes = new Map(
  definitions.flatMap((definition) =>
    Object.values(definition.methods).map(({ name, requestType }) => [name as string, requestType] as const),
  ),
);

/** Fields that the comments of the `.proto` file say are required, by method; a bool cannot be missing. */
const requiredFields = [
  ...readFileSync(new URL('../../../proto/csi/v1/csi.proto', import.meta.url), 'utf8').matchAll(
    /^message (\w+)Request \{\n(.*?)^\}/gms,
  ),
].flatMap(([, method, body]) =>
  [...body!.matchAll(/\/\/ REQUIRED\.(?:[^\n]*\n\s*\/\/)*[^\n]*\n\s*(?!bool)\S.*?(\w+) = \d+/g)].map(
    ([, field]) => [method!, field!] as const,
  ),
);

function check(method: string, changes: Request = {}, with_ = rules): void {
  // As it comes off the wire: with every field.
  const { decode, encode, fromPartial } = requestTypes.get(method)!;
  with_.of(method)(decode(encode(fromPartial({ ...valid[method], ...changes } as never) as never).finish()));
}

function refused(field: string, problem = '', code: Code = Code.INVALID_ARGUMENT) {
  return expect.objectContaining({
    code,
    statusMessage: expect.stringMatching(new RegExp(`^${escapePattern(field)}: .*${problem}`)),
  });
}

function escapePattern(text: string): string {
  return text.replace(/[[\].]/g, '\\$&');
}

function keyOf(field: string): string {
  return field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

describe('required fields', () => {
  it.each([...requestTypes.keys()])('%s with what it needs is let through', (method) => {
    expect(() => check(method)).not.toThrow();
  });

  it('are found in the protocol', () => {
    expect(requiredFields.length).toBeGreaterThan(35);
    expect(requiredFields).toContainEqual(['CreateVolume', 'volume_capabilities']);
    expect(requiredFields).toContainEqual(['ControllerModifyVolume', 'mutable_parameters']);
  });

  it.each(requiredFields)('%s needs %s', (method, field) => {
    expect(() => check(method, { [keyOf(field)]: undefined })).toThrow(refused(field, 'is required'));
  });
});

describe('volume capabilities', () => {
  const invalid: [string, object, string][] = [
    ['no access type', { accessMode }, 'access_type'],
    ['no access mode', { accessType: capability.accessType }, 'access_mode'],
    ['an empty access mode', { ...capability, accessMode: {} }, 'access_mode.mode'],
    ['an unknown access mode', { ...capability, accessMode: { mode: 99 } }, 'access_mode.mode'],
    [
      'a long file system',
      { accessMode, accessType: { $case: 'mount', value: { fsType: 'x'.repeat(129) } } },
      'mount.fs_type',
    ],
    [
      'mount flags of more than 4 KiB together',
      { accessMode, accessType: { $case: 'mount', value: { mountFlags: Array(5).fill('x'.repeat(1000)) } } },
      'mount.mount_flags',
    ],
  ];

  it.each(invalid)('%s', (_, broken, field) => {
    expect(() => check('CreateVolume', { volumeCapabilities: [capability, broken] })).toThrow(
      refused(`volume_capabilities[1].${field}`),
    );
    for (const method of ['ControllerPublishVolume', 'NodeStageVolume', 'NodePublishVolume']) {
      expect(() => check(method, { volumeCapability: broken })).toThrow(refused(`volume_capability.${field}`));
    }
    // Where they may be missing, one that is there is checked.
    expect(() => check('NodeExpandVolume', { volumeCapability: broken })).toThrow(
      refused(`volume_capability.${field}`),
    );
    expect(() => check('GetCapacity', { volumeCapabilities: [broken] })).toThrow(
      refused(`volume_capabilities[0].${field}`),
    );
  });

  it('are blocks as well, with every mode that there is, and long mount flags', () => {
    const modes = Object.values(csi.VolumeCapability_AccessMode_Mode).filter((mode) => mode > 0);
    expect(modes).toHaveLength(7);
    for (const mode of modes) {
      const block = { accessType: { $case: 'block', value: {} }, accessMode: { mode } };
      expect(() => check('NodeStageVolume', { volumeCapability: block })).not.toThrow();
    }
    const value = { fsType: 'ext4', mountFlags: ['x'.repeat(4000)], volumeMountGroup: '5' };
    const mount = { accessMode, accessType: { $case: 'mount', value } };
    expect(() => check('NodeStageVolume', { volumeCapability: mount })).not.toThrow();
  });
});

describe('sizes', () => {
  it('128 bytes for a text, not characters', () => {
    expect(() => check('CreateVolume', { name: 'x'.repeat(128) })).not.toThrow();
    expect(() => check('CreateVolume', { name: 'x'.repeat(129) })).toThrow(refused('name', '128 bytes'));
    expect(() => check('CreateVolume', { name: 'ä'.repeat(64) })).not.toThrow();
    expect(() => check('CreateVolume', { name: 'ä'.repeat(65) })).toThrow(refused('name'));
    expect(() => check('DeleteVolume', { volumeId: 'x'.repeat(129) })).toThrow(refused('volume_id'));
  });

  it('each text of a list', () => {
    expect(() => check('CreateVolumeGroupSnapshot', { sourceVolumeIds: ['v1', 'x'.repeat(129)] })).toThrow(
      refused('source_volume_ids[1]'),
    );
    expect(() => check('DeleteVolumeGroupSnapshot', { snapshotIds: [''] })).toThrow(
      refused('snapshot_ids[0]', 'empty'),
    );
  });

  it('256 bytes for the id of a node, as many as the system takes for a path, any for a token', () => {
    expect(() => check('ControllerPublishVolume', { nodeId: 'n'.repeat(256) })).not.toThrow();
    expect(() => check('ControllerPublishVolume', { nodeId: 'n'.repeat(257) })).toThrow(refused('node_id'));
    const path = (length: number) => '/'.padEnd(length, 'x');
    expect(() => check('NodeUnpublishVolume', { targetPath: path(4095) })).not.toThrow();
    expect(() => check('NodeUnpublishVolume', { targetPath: path(4096) })).toThrow(refused('target_path'));
    expect(() => check('NodeGetVolumeStats', { volumePath: path(4096) })).toThrow(refused('volume_path'));
    expect(() => check('ListVolumes', { startingToken: 't'.repeat(5000) })).not.toThrow();
  });

  it('4 KiB for a map, keys and values together, and never a word of what is in it', () => {
    const secrets = { ['k'.repeat(2096)]: 'v'.repeat(2000) };
    expect(() => check('DeleteVolume', { secrets })).not.toThrow();
    expect(() => check('DeleteVolume', { secrets: { ...secrets, a: '' } })).toThrow(refused('secrets', '4096 bytes'));
    expect(() => check('DeleteVolume', { secrets: { a: 'hush'.repeat(2000) } })).toThrow(
      expect.objectContaining({ statusMessage: expect.not.stringContaining('hush') }),
    );
    expect(() => check('CreateVolume', { parameters: { a: 'ä'.repeat(2048) } })).toThrow(refused('parameters'));
    const topology = { requisite: [{ segments: { zone: 'z'.repeat(4097) } }] };
    expect(() => check('CreateVolume', { accessibilityRequirements: topology })).toThrow(
      refused('accessibility_requirements.requisite[0].segments'),
    );
  });

  it('more for a map where the plugin allows it', () => {
    const generous = new RequestRules({ maxMapBytes: 10_000, stages: false });
    expect(() => check('DeleteVolume', { secrets: { a: 'x'.repeat(9_000) } }, generous)).not.toThrow();
    expect(() => check('DeleteVolume', { secrets: { a: 'x'.repeat(10_000) } }, generous)).toThrow(refused('secrets'));
  });
});

describe('names', () => {
  it.each(['CreateVolume', 'CreateSnapshot', 'CreateVolumeGroupSnapshot'])(
    '%s takes no control characters',
    (method) => {
      for (const banned of ['\u0000', '\u0008', '\u000b', '\u000c', '\u000e', '\u001f', '\u007f', '\u009f']) {
        expect(() => check(method, { name: `a${banned}b` })).toThrow(refused('name', 'control'));
      }
      for (const allowed of ['\t', '\n', '\r', ' ', '/', 'ä', '\u00a0', '💾', '..']) {
        expect(() => check(method, { name: `a${allowed}b` })).not.toThrow();
      }
    },
  );
});

describe('paths', () => {
  it('of staging and target are absolute', () => {
    for (const path of ['target', './target', '', '~/x'].filter(Boolean)) {
      expect(() => check('NodeStageVolume', { stagingTargetPath: path })).toThrow(
        refused('staging_target_path', 'absolute'),
      );
      expect(() => check('NodePublishVolume', { targetPath: path })).toThrow(refused('target_path', 'absolute'));
    }
    expect(() => check('NodeUnpublishVolume', { targetPath: '/a\0b' })).toThrow(refused('target_path', 'NUL'));
  });

  it('to stage at is a precondition of publishing for a plugin that stages, ephemeral volumes apart', () => {
    const staging = new RequestRules({ maxMapBytes: 4096, stages: true });
    expect(() => check('NodePublishVolume', {}, staging)).toThrow(
      refused('staging_target_path', 'NodeStageVolume', Code.FAILED_PRECONDITION),
    );
    expect(() => check('NodePublishVolume', { stagingTargetPath: '/staging' }, staging)).not.toThrow();
    const volumeContext = { 'csi.storage.k8s.io/ephemeral': 'true' };
    expect(() => check('NodePublishVolume', { volumeContext }, staging)).not.toThrow();
  });
});

describe('numbers', () => {
  const field = 'capacity_range';

  it('of a capacity say something, and do not contradict each other', () => {
    for (const method of ['CreateVolume', 'ControllerExpandVolume', 'NodeExpandVolume']) {
      const range = (requiredBytes: bigint, limitBytes: bigint) => ({ capacityRange: { requiredBytes, limitBytes } });
      expect(() => check(method, range(0n, 0n))).toThrow(refused(field, 'neither'));
      expect(() => check(method, range(-1n, 0n))).toThrow(refused(`${field}.required_bytes`, 'negative'));
      expect(() => check(method, range(0n, -1n))).toThrow(refused(`${field}.limit_bytes`, 'negative'));
      expect(() => check(method, range(2n, 1n))).toThrow(refused(`${field}.limit_bytes`, 'less'));
      expect(() => check(method, range(0n, 1n))).not.toThrow();
      expect(() => check(method, range(1n, 1n))).not.toThrow();
    }
  });

  it('of a page are not negative', () => {
    for (const method of ['ListVolumes', 'ListSnapshots', 'ControllerListVolumeHealth']) {
      expect(() => check(method, { maxEntries: -1 })).toThrow(refused('max_entries', 'negative'));
    }
    expect(() => check('GetMetadataDelta', { maxResults: -1 })).toThrow(refused('max_results', 'negative'));
  });

  it('of an offset are not negative, with a code of their own', () => {
    for (const method of ['GetMetadataAllocated', 'GetMetadataDelta']) {
      expect(() => check(method, { startingOffset: -1n })).toThrow(
        refused('starting_offset', 'negative', Code.OUT_OF_RANGE),
      );
    }
  });
});

describe('the source of a volume', () => {
  it('is one thing, with an id', () => {
    const from = (type: object | undefined) => () => check('CreateVolume', { volumeContentSource: { type } });
    const field = 'volume_content_source';
    expect(from(undefined)).toThrow(refused(`${field}.type`, 'snapshot or volume'));
    expect(from({ $case: 'snapshot', value: {} })).toThrow(refused(`${field}.snapshot.snapshot_id`));
    expect(from({ $case: 'volume', value: {} })).toThrow(refused(`${field}.volume.volume_id`));
    expect(from({ $case: 'volume', value: { volumeId: 'v1' } })).not.toThrow();
  });
});
