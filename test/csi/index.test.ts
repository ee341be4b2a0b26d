import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ControllerDefinition,
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  GroupControllerDefinition,
  IdentityDefinition,
  NodeDefinition,
  type NodeServiceCapability_RPC_Type as NodeRpc,
  PluginCapability_Service_Type as Service,
  SnapshotMetadataDefinition,
  type VolumeCapability,
} from '../../gen/csi/v1/csi.js';
import { alreadyExists, createPlugin, notFound } from '../../src/csi/index.js';
import { type Channel, Code, createChannel, createClient, RpcError, sameUser } from '../../src/index.js';

/** A plugin as a user writes it. Its volumes are entries of a map. */
function volumesInMemory(formatted: Promise<void>) {
  const volumes = new Map<string, bigint>();
  return createPlugin({
    name: 'memory.csi.example.com',
    version: '1.0.0',
    shutdownOn: false,
    controller: {
      async createVolume({ name, capacityRange }) {
        const capacityBytes = capacityRange?.requiredBytes ?? 1024n;
        const existing = volumes.get(name) ?? capacityBytes;
        if (existing !== capacityBytes) throw alreadyExists('volume', name, `with ${existing} bytes`);
        volumes.set(name, capacityBytes);
        return { volume: { volumeId: name, capacityBytes } };
      },
      async deleteVolume({ volumeId }) {
        volumes.delete(volumeId);
        return {};
      },
    },
    node: {
      async nodeGetInfo() {
        return { nodeId: 'node-1' };
      },
      async nodePublishVolume({ volumeId }) {
        if (!volumes.has(volumeId)) throw notFound('volume', volumeId);
        await formatted;
        return {};
      },
      async nodeUnpublishVolume() {
        return {};
      },
    },
  });
}

const volumeCapability: VolumeCapability = {
  accessType: { $case: 'mount', value: { fsType: '', mountFlags: [], volumeMountGroup: '' } },
  accessMode: { mode: 1 },
};
const volumeCapabilities = [volumeCapability];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwire-csi-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Where it listens, and how another library spells the same. */
const endpoints: [string, () => { listen: string; dial: string }][] = [
  ['a path', () => ({ listen: `unix://${join(folder, 'csi.sock')}`, dial: join(folder, 'csi.sock') })],
  ...(process.platform === 'linux'
    ? ([
        [
          'an abstract name',
          () => ({ listen: `unix-abstract:podwire-csi-${process.pid}`, dial: `unix://@podwire-csi-${process.pid}` }),
        ],
      ] as [string, () => { listen: string; dial: string }][])
    : []),
];

describe.each(endpoints)('a plugin at %s', (_, endpoint) => {
  let channel: Channel;
  let format: () => void;
  let plugin: ReturnType<typeof volumesInMemory>;

  beforeEach(async () => {
    const formatted = new Promise<void>((resolve) => {
      format = resolve;
    });
    const { listen, dial } = endpoint();
    plugin = volumesInMemory(formatted);
    await plugin.listen(listen, { allowPeer: sameUser() });
    channel = createChannel(dial);
  });

  afterEach(async () => {
    format();
    await channel.close();
    await plugin.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says who it is and what it can', async () => {
    const identity = createClient(IdentityDefinition, channel);
    const controller = createClient(ControllerDefinition, channel);
    const node = createClient(NodeDefinition, channel);
    expect(await identity.getPluginInfo({})).toMatchObject({ name: 'memory.csi.example.com', vendorVersion: '1.0.0' });
    expect(await identity.probe({})).toEqual({ ready: true });
    expect((await identity.getPluginCapabilities({})).capabilities).toEqual([
      { type: { $case: 'service', value: { type: Service.CONTROLLER_SERVICE } } },
    ]);
    expect((await controller.controllerGetCapabilities({})).capabilities).toEqual([
      { type: { $case: 'rpc', value: { type: ControllerRpc.CREATE_DELETE_VOLUME } } },
    ]);
    expect((await node.nodeGetCapabilities({})).capabilities).toEqual([]);
    expect(plugin.capabilities).toMatchObject({
      controller: [ControllerRpc.CREATE_DELETE_VOLUME],
      node: [] as NodeRpc[],
    });
  });

  it('leads a volume through its life, and refuses what is wrong', async () => {
    const controller = createClient(ControllerDefinition, channel);
    const capacityRange = { requiredBytes: 5n };
    const { volume } = await controller.createVolume({ name: 'data', capacityRange, volumeCapabilities });
    expect(volume).toMatchObject({ volumeId: 'data', capacityBytes: 5n });

    const code = async (call: Promise<unknown>) => {
      const error: unknown = await call.catch((reason) => reason);
      if (!(error instanceof RpcError)) return expect.fail('it did not fail');
      expect(error.details).toEqual([]);
      return [error.code, error.statusMessage];
    };
    expect(await code(controller.createVolume({ volumeCapabilities }))).toEqual([
      Code.INVALID_ARGUMENT,
      'name: is required',
    ]);
    const noMode = [{ accessType: volumeCapability.accessType }];
    expect(await code(controller.createVolume({ name: 'data', volumeCapabilities: noMode }))).toEqual([
      Code.INVALID_ARGUMENT,
      'volume_capabilities[0].access_mode: is required',
    ]);
    expect(await code(controller.createVolume({ name: 'data', volumeCapabilities }))).toEqual([
      Code.ALREADY_EXISTS,
      'the volume "data" exists already with 5 bytes',
    ]);
    await controller.deleteVolume({ volumeId: 'data' });
    expect(await code(controller.deleteVolume({ volumeId: 'x'.repeat(129) }))).toEqual([
      Code.INVALID_ARGUMENT,
      'volume_id: has more than the 128 bytes that are allowed',
    ]);
  });

  it('does one thing at a time at one place', async () => {
    const controller = createClient(ControllerDefinition, channel);
    const node = createClient(NodeDefinition, channel);
    await controller.createVolume({ name: 'data', volumeCapabilities });
    const publish = (targetPath: string) => node.nodePublishVolume({ volumeId: 'data', targetPath, volumeCapability });
    const first = publish('/a');
    const second = publish('/b');
    await expect(publish('/a')).rejects.toMatchObject({ code: Code.ABORTED });
    await expect(node.nodeUnpublishVolume({ volumeId: 'data', targetPath: '/b' })).rejects.toMatchObject({
      code: Code.ABORTED,
    });
    await node.nodeUnpublishVolume({ volumeId: 'data', targetPath: '/c' });
    format();
    await Promise.all([first, second]);
    await publish('/a');
  });

  it('does not offer what it does not have', async () => {
    const unimplemented = { code: Code.UNIMPLEMENTED, statusMessage: expect.stringMatching(/./), details: [] };
    const controller = createClient(ControllerDefinition, channel);
    // Not even looked at: the request has nothing that it needs.
    await expect(controller.controllerPublishVolume({})).rejects.toMatchObject(unimplemented);
    await expect(createClient(NodeDefinition, channel).nodeStageVolume({})).rejects.toMatchObject(unimplemented);
    const groups = createClient(GroupControllerDefinition, channel);
    await expect(groups.groupControllerGetCapabilities({})).rejects.toMatchObject(unimplemented);
    const metadata = createClient(SnapshotMetadataDefinition, channel);
    const blocks = metadata.getMetadataAllocated({ snapshotId: 's1' })[Symbol.asyncIterator]();
    await expect(blocks.next()).rejects.toMatchObject(unimplemented);
  });
});
