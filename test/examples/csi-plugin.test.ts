import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { lstat, readlink, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  ControllerDefinition,
  type CreateVolumeRequest,
  IdentityDefinition,
  NodeDefinition,
  type VolumeCapability,
} from '../../gen/csi/v1/csi.js';
import { type Channel, type Client, Code, createChannel, createClient } from '../../src/index.js';
import { ExampleProcess } from './example-process.js';

const MEBIBYTE = 1024n * 1024n;
const CAPACITY = 100n * MEBIBYTE;
const writer: VolumeCapability = {
  accessType: { $case: 'mount', value: { fsType: '', mountFlags: [], volumeMountGroup: '' } },
  accessMode: { mode: 1 },
};

class Plugin {
  readonly root: string;
  readonly endpoint: string;
  readonly process: ExampleProcess;
  readonly channel: Channel;
  readonly identity: Client<IdentityDefinition>;
  readonly controller: Client<ControllerDefinition>;
  readonly node: Client<NodeDefinition>;

  constructor(root: string, endpoint = `unix-abstract:podwire-test-${randomUUID()}`) {
    this.root = root;
    this.endpoint = endpoint;
    // Where to listen comes from the environment, as CSI wants it.
    const args = ['--root', root, '--capacity', String(CAPACITY), '--node-id', 'node-7'];
    this.process = new ExampleProcess('csi/plugin.ts', args, { env: { CSI_ENDPOINT: endpoint } });
    this.channel = createChannel(endpoint);
    const defaults = { timeoutMs: 15_000, waitForReady: true };
    this.identity = createClient(IdentityDefinition, this.channel, { defaults });
    this.controller = createClient(ControllerDefinition, this.channel, { defaults });
    this.node = createClient(NodeDefinition, this.channel, { defaults });
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    await this.channel.close();
    return this.process.stop(signal);
  }

  /** Creates a volume and gives its id. */
  async create(name: string, requiredBytes = MEBIBYTE): Promise<string> {
    const { volume } = await this.controller.createVolume(
      request({ name, capacityRange: { requiredBytes, limitBytes: 0n } }),
    );
    return volume!.volumeId;
  }

  async ids(): Promise<string[]> {
    const { entries } = await this.controller.listVolumes({});
    return entries.map(({ volume }) => volume!.volumeId);
  }

  async available(): Promise<bigint> {
    return (await this.controller.getCapacity({})).availableCapacity;
  }
}

function request(fields: Partial<CreateVolumeRequest>): Partial<CreateVolumeRequest> {
  return { volumeCapabilities: [writer], ...fields };
}

async function failure(call: Promise<unknown>): Promise<{ code: number; message: string }> {
  const error = await call.then(
    () => undefined,
    (thrown) => thrown,
  );
  if (error === undefined) throw new Error('the call was to fail');
  return { code: error.code, message: error.statusMessage };
}

async function expectInvalid(call: Promise<unknown>, field: string): Promise<void> {
  const { code, message } = await failure(call);
  expect(message).toMatch(new RegExp(`^${field}: `));
  expect(code).toBe(Code.INVALID_ARGUMENT);
}

/** One plugin for all: each test has volumes of its own and deletes them. */
let folder: string;
let plugin: Plugin;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'podwire-')));
  plugin = new Plugin(join(folder, 'volumes'));
});

afterAll(async () => {
  expect(await plugin.end(), plugin.process.errors.join('\n')).toBe(0);
  expect(plugin.process.errors).toEqual([]);
  rmSync(folder, { recursive: true });
});

describe('identity', () => {
  it('says who it is and that it has a controller', async () => {
    expect(await plugin.identity.getPluginInfo({})).toMatchObject({ name: 'directories.podwire.example' });
    expect(await plugin.identity.getPluginCapabilities({})).toEqual({
      capabilities: [{ type: { $case: 'service', value: { type: 1 } } }],
    });
    expect(await plugin.identity.probe({})).toEqual({ ready: true });
    expect(await plugin.node.nodeGetInfo({})).toMatchObject({ nodeId: 'node-7', maxVolumesPerNode: 0n });
  });

  it('answers UNIMPLEMENTED where it claims no capability', async () => {
    const { code } = await failure(plugin.controller.createSnapshot({ sourceVolumeId: 'x', name: 'y' }));
    expect(code).toBe(Code.UNIMPLEMENTED);
    expect((await failure(plugin.node.nodeExpandVolume({}))).code).toBe(Code.UNIMPLEMENTED);
  });
});

describe('creating and deleting', () => {
  afterEach(async () => {
    for (const volumeId of await plugin.ids()) await plugin.controller.deleteVolume({ volumeId });
    expect(readdirSync(plugin.root)).toEqual([]);
  });

  it('gives the same volume for the same name', async () => {
    const id = await plugin.create('data', 10n * MEBIBYTE);
    expect(await plugin.create('data', 10n * MEBIBYTE)).toBe(id);
    expect(await plugin.create('data', 5n * MEBIBYTE)).toBe(id);
    expect(await plugin.create('other')).not.toBe(id);
    const { volume } = await plugin.controller.createVolume(request({ name: 'data' }));
    expect(volume).toMatchObject({ volumeId: id, capacityBytes: 10n * MEBIBYTE });
    expect(volume?.volumeContext.folder).toBe(join(plugin.root, id, 'data'));
  });

  it.each([
    { requiredBytes: 11n * MEBIBYTE, limitBytes: 0n },
    { requiredBytes: 0n, limitBytes: 9n * MEBIBYTE },
  ])('says ALREADY_EXISTS when the volume of that name does not fit %o', async (capacityRange) => {
    await plugin.create('data', 10n * MEBIBYTE);
    const { code, message } = await failure(plugin.controller.createVolume(request({ name: 'data', capacityRange })));
    expect(code).toBe(Code.ALREADY_EXISTS);
    expect(message).toContain('10485760');
  });

  it('makes one volume of many calls at a time', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => plugin.create('crowded', 10n * MEBIBYTE)));
    expect(new Set(ids).size).toBe(1);
    expect(await plugin.available()).toBe(90n * MEBIBYTE);
  });

  it('gives no more than there is, also to calls at the same time', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `volume-${index}`);
    const created = await Promise.allSettled(names.map((name) => plugin.create(name, 30n * MEBIBYTE)));
    expect(created.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    for (const outcome of created) {
      if (outcome.status === 'rejected') expect(outcome.reason.code).toBe(Code.OUT_OF_RANGE);
    }
    expect(await plugin.available()).toBe(10n * MEBIBYTE);
  });

  it('survives creates and deletes that cross', async () => {
    const deletes = async () => plugin.controller.deleteVolume({ volumeId: await plugin.create('crossing') });
    await Promise.all(Array.from({ length: 10 }, deletes));
    expect(await plugin.ids()).toEqual([]);
    expect(await plugin.available()).toBe(CAPACITY);
  });

  it('deletes what is there, and what is not', async () => {
    const volumeId = await plugin.create('short-lived');
    const folder = join(plugin.root, volumeId);
    writeFileSync(join(folder, 'data', 'file'), 'content');
    await plugin.controller.deleteVolume({ volumeId });
    expect(existsSync(folder)).toBe(false);
    await plugin.controller.deleteVolume({ volumeId });
    await plugin.controller.deleteVolume({ volumeId: 'never-there' });
  });

  it('follows no name and no id out of its folder', async () => {
    const victim = join(folder, 'victim');
    mkdirSync(join(victim, 'data'), { recursive: true });
    writeFileSync(join(victim, 'volume.json'), '{"id":"../victim","name":"x","capacityBytes":"1"}');
    for (const name of ['../victim', '..', '.', '/etc', 'a/b', 'a\\b', '%2e%2e%2f', '__proto__', 'ü'.repeat(64)]) {
      expect(await plugin.create(name)).toMatch(/^vol-[0-9a-f]{32}$/);
    }
    for (const volumeId of ['../victim', victim, '.', '..', '__proto__']) {
      await plugin.controller.deleteVolume({ volumeId });
    }
    expect(readdirSync(victim)).toEqual(['data', 'volume.json']);
    expect((await plugin.ids()).sort()).toEqual(readdirSync(plugin.root).sort());
  });

  it.each<[string, Partial<CreateVolumeRequest>]>([
    ['name', {}],
    ['name', { name: 'x'.repeat(129) }],
    ['name', { name: 'a\0b' }],
    ['volume_capabilities', { name: 'x', volumeCapabilities: [] }],
    ['volume_capabilities', { name: 'x', volumeCapabilities: [writer, { ...writer, accessMode: undefined }] }],
    ['volume_capabilities', { name: 'x', volumeCapabilities: [{ ...writer, accessMode: { mode: 5 } }] }],
    [
      'volume_capabilities',
      { name: 'x', volumeCapabilities: [{ ...writer, accessType: { $case: 'block', value: {} } }] },
    ],
    ['capacity_range', { name: 'x', capacityRange: { requiredBytes: 2n, limitBytes: 1n } }],
    ['capacity_range', { name: 'x', capacityRange: { requiredBytes: 0n, limitBytes: 0n } }],
    ['capacity_range.required_bytes', { name: 'x', capacityRange: { requiredBytes: -1n, limitBytes: 0n } }],
    ['parameters', { name: 'x', parameters: { speed: 'high' } }],
    ['mutable_parameters', { name: 'x', mutableParameters: { speed: 'high' } }],
    ['volume_content_source', { name: 'x', volumeContentSource: { type: undefined } }],
  ])('names the field %s of a request that it cannot take', async (field, fields) => {
    await expectInvalid(plugin.controller.createVolume(request(fields)), field);
  });
});

describe('listing', () => {
  let ids: string[];

  beforeAll(async () => {
    ids = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => plugin.create(name)));
    ids.sort();
  });

  afterAll(async () => {
    for (const volumeId of ids) await plugin.controller.deleteVolume({ volumeId });
  });

  async function page(startingToken = '', maxEntries = 2): Promise<{ ids: string[]; nextToken: string }> {
    const { entries, nextToken } = await plugin.controller.listVolumes({ maxEntries, startingToken });
    return { ids: entries.map(({ volume }) => volume!.volumeId), nextToken };
  }

  it('goes page by page, each volume once', async () => {
    const first = await page();
    const second = await page(first.nextToken);
    const third = await page(second.nextToken);
    expect([first.ids, second.ids, third.ids]).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
    expect(third.nextToken).toBe('');
    expect(await page('', 5)).toEqual({ ids, nextToken: '' });
    expect(await page('', 0)).toEqual({ ids, nextToken: '' });
  });

  it('keeps its place when volumes go between two pages', async () => {
    const first = await page();
    await plugin.controller.deleteVolume({ volumeId: first.ids[0]! });
    await plugin.controller.deleteVolume({ volumeId: first.ids[1]! });
    expect((await page(first.nextToken)).ids).toEqual(ids.slice(2, 4));
  });

  it('refuses tokens that it did not give, and negative pages', async () => {
    expect((await failure(page('forged'))).code).toBe(Code.ABORTED);
    await expectInvalid(page('', -1), 'max_entries');
  });

  it('says how much room is left, none for volumes that it cannot make', async () => {
    const { availableCapacity, maximumVolumeSize } = await plugin.controller.getCapacity({
      volumeCapabilities: [writer],
    });
    expect(availableCapacity).toBe(CAPACITY - BigInt((await plugin.ids()).length) * MEBIBYTE);
    expect(maximumVolumeSize).toBe(availableCapacity);
    const block: VolumeCapability = { ...writer, accessType: { $case: 'block', value: {} } };
    expect(await plugin.controller.getCapacity({ volumeCapabilities: [block] })).toMatchObject({
      availableCapacity: 0n,
    });
  });

  it('confirms the capabilities that it has', async () => {
    const volumeId = (await plugin.ids())[0]!;
    const confirmed = await plugin.controller.validateVolumeCapabilities({ volumeId, volumeCapabilities: [writer] });
    expect(confirmed.confirmed?.volumeCapabilities).toEqual([writer]);
    const shared: VolumeCapability = { ...writer, accessMode: { mode: 5 } };
    const refused = await plugin.controller.validateVolumeCapabilities({
      volumeId,
      volumeCapabilities: [writer, shared],
    });
    expect(refused.confirmed).toBeUndefined();
    expect(refused.message).toContain('SINGLE_NODE_WRITER');
    const unknown = plugin.controller.validateVolumeCapabilities({ volumeId: 'x', volumeCapabilities: [writer] });
    expect((await failure(unknown)).code).toBe(Code.NOT_FOUND);
    await expectInvalid(plugin.controller.validateVolumeCapabilities({ volumeId }), 'volume_capabilities');
  });
});

describe('publishing', () => {
  let volumeId: string;
  let place: string;
  let stagingTargetPath: string;
  let targetPath: string;
  const volumeCapability = writer;
  const stage = (path = stagingTargetPath) =>
    plugin.node.nodeStageVolume({ volumeId, stagingTargetPath: path, volumeCapability });
  const publish = (path = targetPath, fields: { readonly?: boolean; stagingTargetPath?: string } = {}) =>
    plugin.node.nodePublishVolume({ volumeId, stagingTargetPath, targetPath: path, volumeCapability, ...fields });
  const unpublish = (path = targetPath) => plugin.node.nodeUnpublishVolume({ volumeId, targetPath: path });
  const unstage = (path = stagingTargetPath) => plugin.node.nodeUnstageVolume({ volumeId, stagingTargetPath: path });

  beforeEach(async () => {
    place = mkdtempSync(join(folder, 'node-'));
    stagingTargetPath = join(place, 'staging');
    targetPath = join(place, 'target');
    mkdirSync(stagingTargetPath);
    volumeId = await plugin.create('published');
  });

  afterEach(async () => {
    await unpublish();
    await unstage();
    await plugin.controller.deleteVolume({ volumeId });
    rmSync(place, { recursive: true });
  });

  it('shows the volume at the path, as often as it is asked', async () => {
    await stage();
    await stage(`${stagingTargetPath}/`);
    await publish();
    await publish(`${targetPath}/`);
    writeFileSync(join(targetPath, 'file'), 'content');
    expect(readFileSync(join(plugin.root, volumeId, 'data', 'file'), 'utf8')).toBe('content');
    await unpublish();
    await unpublish();
    expect(existsSync(targetPath)).toBe(false);
    await unstage();
    await unstage();
    expect(readdirSync(stagingTargetPath)).toEqual([]);
  });

  it('takes the place of an empty folder that the CO made', async () => {
    mkdirSync(targetPath);
    await stage();
    await publish();
    expect((await lstat(targetPath)).isSymbolicLink()).toBe(true);
  });

  it('keeps the order of stage, publish, unpublish, unstage, delete', async () => {
    expect((await failure(publish())).code).toBe(Code.FAILED_PRECONDITION);
    await stage();
    expect((await failure(stage(place))).code).toBe(Code.FAILED_PRECONDITION);
    expect((await failure(publish(targetPath, { stagingTargetPath: place }))).code).toBe(Code.FAILED_PRECONDITION);
    await publish();
    const second = await failure(publish(join(place, 'second')));
    expect(second).toEqual({ code: Code.FAILED_PRECONDITION, message: `${volumeId} is published at ${targetPath}` });
    expect((await failure(unstage())).code).toBe(Code.FAILED_PRECONDITION);
    expect((await failure(plugin.controller.deleteVolume({ volumeId }))).code).toBe(Code.FAILED_PRECONDITION);
    await unpublish();
    expect((await failure(plugin.controller.deleteVolume({ volumeId }))).code).toBe(Code.FAILED_PRECONDITION);
  });

  it('leaves alone what is not its own', async () => {
    await stage();
    writeFileSync(targetPath, 'precious');
    expect((await failure(publish())).code).toBe(Code.FAILED_PRECONDITION);
    expect(readFileSync(targetPath, 'utf8')).toBe('precious');
    await unpublish(); // the failed call has published nothing
    expect(readFileSync(targetPath, 'utf8')).toBe('precious');
    rmSync(targetPath);

    await publish();
    rmSync(targetPath);
    await symlink('/etc', targetPath);
    expect((await failure(unpublish())).code).toBe(Code.FAILED_PRECONDITION);
    expect(await readlink(targetPath)).toBe('/etc');
    rmSync(targetPath);
  });

  it('refuses paths that lead elsewhere than they say, or into its own folder', async () => {
    await stage();
    const detour = join(place, 'detour');
    await symlink(plugin.root, detour);
    const data = join(plugin.root, volumeId, 'data');
    const bad = [
      '',
      'relative',
      `${place}/../x`,
      `${place}/./x`,
      `${place}//x`,
      `${place}/missing/x`,
      '/',
      `${place}/a\0b`,
    ];
    for (const path of [...bad, join(data, 'x'), plugin.root, join(plugin.root, 'x'), join(detour, 'x')]) {
      await expectInvalid(publish(path), 'target_path');
      await expectInvalid(stage(path), 'staging_target_path');
    }
    await expectInvalid(stage(detour), 'staging_target_path');
    expect(readdirSync(plugin.root)).toEqual([volumeId]);
    expect(readdirSync(data)).toEqual([]);
  });

  it('refuses what a link cannot do, and volumes that are not there', async () => {
    await stage();
    await expectInvalid(publish(targetPath, { readonly: true }), 'readonly');
    await expectInvalid(
      plugin.node.nodePublishVolume({ volumeId, stagingTargetPath, targetPath }),
      'volume_capability',
    );
    await expectInvalid(
      plugin.node.nodePublishVolume({ volumeId, targetPath, volumeCapability }),
      'staging_target_path',
    );
    await expectInvalid(plugin.node.nodeUnpublishVolume({ targetPath }), 'volume_id');
    await expectInvalid(plugin.node.nodeUnpublishVolume({ volumeId }), 'target_path');
    await expectInvalid(plugin.node.nodeUnstageVolume({ volumeId }), 'staging_target_path');
    const unknown = { volumeId: 'x', stagingTargetPath, targetPath, volumeCapability };
    const { nodeStageVolume, nodePublishVolume, nodeUnpublishVolume, nodeUnstageVolume } = plugin.node;
    for (const method of [nodeStageVolume, nodePublishVolume, nodeUnpublishVolume, nodeUnstageVolume]) {
      expect((await failure(method(unknown))).code).toBe(Code.NOT_FOUND);
    }
  });
});

describe('a life of its own', () => {
  it('finds its volumes and links again after SIGKILL, and ends without a socket file on SIGTERM', async () => {
    const place = realpathSync(mkdtempSync(join(tmpdir(), 'podwire-')));
    const root = join(place, 'volumes');
    const socketFolder = join(place, 'run');
    mkdirSync(socketFolder);
    const path = join(socketFolder, 'csi.sock');
    const stagingTargetPath = join(place, 'staging');
    const targetPath = join(place, 'target');
    mkdirSync(stagingTargetPath);
    let current = new Plugin(root, `unix://${path}`);
    try {
      const volumeId = await current.create('lasting', 7n * MEBIBYTE);
      await current.node.nodeStageVolume({ volumeId, stagingTargetPath, volumeCapability: writer });
      await current.node.nodePublishVolume({ volumeId, stagingTargetPath, targetPath, volumeCapability: writer });
      writeFileSync(join(targetPath, 'file'), 'content');
      expect(readdirSync(socketFolder)).toEqual(['csi.sock']); // CSI: nothing else beside the socket
      expect(await current.end('SIGKILL')).toBe('SIGKILL');

      // What crashes at other moments leave behind.
      mkdirSync(join(root, 'vol-00000000000000000000000000000000', 'data'), { recursive: true });
      writeFileSync(join(root, volumeId, 'volume.json.new'), '{"id":');

      current = new Plugin(root, `unix://${path}`);
      expect(await current.ids()).toEqual([volumeId]);
      expect(await current.available()).toBe(CAPACITY - 7n * MEBIBYTE);
      expect(await current.create('lasting', 7n * MEBIBYTE)).toBe(volumeId);
      expect((await failure(current.controller.deleteVolume({ volumeId }))).code).toBe(Code.FAILED_PRECONDITION);
      expect(readFileSync(join(targetPath, 'file'), 'utf8')).toBe('content');
      await current.node.nodeUnpublishVolume({ volumeId, targetPath });
      await current.node.nodeUnstageVolume({ volumeId, stagingTargetPath });
      await current.controller.deleteVolume({ volumeId });
      expect(await current.end('SIGTERM'), current.process.errors.join('\n')).toBe(0);
      expect(readdirSync(socketFolder)).toEqual([]);
    } finally {
      await current.channel.close();
      await current.process[Symbol.asyncDispose]();
      rmSync(place, { recursive: true });
    }
  });

  it('does not start over a record that it cannot read', async () => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'podwire-')));
    mkdirSync(join(root, 'vol-x'));
    writeFileSync(join(root, 'vol-x', 'volume.json'), 'no JSON');
    const broken = new Plugin(root);
    expect(await broken.process.ended()).toBe(1);
    expect(broken.process.errors[0]).toContain(join(root, 'vol-x', 'volume.json'));
    await broken.channel.close();
    rmSync(root, { recursive: true });
  });

  it('says what is missing', async () => {
    const example = new ExampleProcess('csi/plugin.ts', ['--root', folder], { env: { CSI_ENDPOINT: '' } });
    expect(await example.ended()).toBe(1);
    expect(example.errors).toEqual(['give --endpoint, or set CSI_ENDPOINT; --help says more']);
  });
});
