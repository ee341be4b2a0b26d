import { chmod, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  ControllerDefinition,
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  IdentityDefinition,
  NodeDefinition,
  NodeServiceCapability_RPC_Type as NodeRpc,
  PluginCapability_Service_Type as Service,
} from '../../../gen/csi/v1/csi.js';
import { connectPlugin } from '../../../src/csi/controller/connect-plugin.js';
import { createHostPathPlugin } from '../../../src/csi/hostpath/create-host-path-plugin.js';
import { HostPath } from '../../../src/csi/hostpath/host-path.js';
import { Code, createChannel, createClient } from '../../../src/index.js';
import { openDescriptors } from '../../socket/open-descriptors.js';
import { block, mount } from './open-host-path.js';
import { temporaryFolder } from './temporary-folder.js';

describe('createHostPathPlugin', () => {
  it('leads a volume through its life, over a socket', async () => {
    const folder = temporaryFolder();
    const host = await createHostPathPlugin({
      stateFolder: join(folder, 'state'),
      nodeId: 'node-1',
      mounts: 'links',
      shutdownOn: false,
    });
    onTestFinished(() => host.close());
    const endpoint = `unix://${join(folder, 'csi.sock')}`;
    await host.plugin.listen(endpoint);
    const channel = createChannel(endpoint);
    onTestFinished(() => channel.close());
    const controller = createClient(ControllerDefinition, channel);
    const node = createClient(NodeDefinition, channel);

    expect((await createClient(IdentityDefinition, channel).getPluginInfo({})).name).toBe('hostpath.csi.podwire');
    const { capabilities } = await controller.controllerGetCapabilities({});
    const rpcs = capabilities.map(({ type }) => type!.value.type);
    expect(rpcs).toEqual(expect.arrayContaining([ControllerRpc.CLONE_VOLUME, ControllerRpc.GET_SNAPSHOT]));
    const { nodeId } = await node.nodeGetInfo({});

    const create = { name: 'data', volumeCapabilities: [mount], capacityRange: { requiredBytes: 4096n } };
    const { volume } = await controller.createVolume(create);
    const volumeId = volume!.volumeId;
    const nothing = controller.createVolume({ ...create, name: '' });
    await expect(nothing).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
    await controller.controllerPublishVolume({ volumeId, nodeId, volumeCapability: mount });
    const [stagingTargetPath, targetPath] = [join(folder, 'staging'), join(folder, 'target')];
    await mkdir(stagingTargetPath);
    await node.nodeStageVolume({ volumeId, stagingTargetPath, volumeCapability: mount });
    await node.nodePublishVolume({ volumeId, stagingTargetPath, targetPath, volumeCapability: mount });
    await writeFile(join(targetPath, 'file'), 'content');
    const { snapshot } = await controller.createSnapshot({ name: 'snapshot', sourceVolumeId: volumeId });
    await node.nodeUnpublishVolume({ volumeId, targetPath });
    await node.nodeUnstageVolume({ volumeId, stagingTargetPath });
    await controller.controllerUnpublishVolume({ volumeId, nodeId });
    await controller.deleteVolume({ volumeId });
    const { snapshotId } = snapshot!;
    const restored = await controller.createVolume({
      ...create,
      name: 'restored',
      volumeContentSource: { type: { $case: 'snapshot', value: { snapshotId } } },
    });
    const path = join(folder, 'state/volumes', restored.volume!.volumeId);
    expect(await readFile(join(path, 'file'), 'utf8')).toBe('content');
    expect((await controller.listVolumes({})).entries).toHaveLength(1);
  });

  it('streams the blocks of a snapshot as they are read, and stops when nobody reads', async () => {
    const folder = temporaryFolder();
    const stateFolder = join(folder, 'state');
    const options = { stateFolder, nodeId: 'node-1', mounts: 'links', shutdownOn: false } as const;
    const host = await createHostPathPlugin({ ...options, capacity: { standard: 1024n ** 4n } });
    onTestFinished(() => host.close());
    const endpoint = `unix://${join(folder, 'csi.sock')}`;
    await host.plugin.listen(endpoint);
    const plugin = await connectPlugin(endpoint);
    onTestFinished(() => plugin.close());
    const { volume } = await plugin.controller.createVolume({
      name: 'data',
      volumeCapabilities: [block],
      capacityRange: { requiredBytes: 1024n ** 3n },
    });
    const { volumeId } = volume!;
    const { snapshot } = await plugin.controller.createSnapshot({ name: 'snapshot', sourceVolumeId: volumeId });
    const { snapshotId } = snapshot!;
    // Written where it ends up: to copy so many pieces takes its time.
    const path = join(stateFolder, 'snapshots', snapshotId);
    const piece = Buffer.alloc(16 * 1024 ** 2);
    for (let offset = 0; offset < piece.length; offset += 8192) piece[offset] = 1;
    await chmod(path, 0o600);
    const file = await open(path, 'r+');
    for (let index = 0; index < 16; index++) await file.write(piece, 0, piece.length, index * piece.length);
    await file.close();
    let count = 0;
    for await (const page of plugin.snapshotMetadata.getMetadataAllocated({ snapshotId })) {
      count += page.blockMetadata.length;
      expect(page.volumeCapacityBytes).toBe(1024n ** 3n);
    }
    expect(count).toBe(32_768);

    const openFiles = () => openDescriptors(stateFolder).filter((entry) => entry.includes(snapshotId));
    let messages = 0;
    for await (const page of plugin.snapshotMetadata.getMetadataAllocated({ snapshotId, maxResults: 1 })) {
      expect(page.blockMetadata).toHaveLength(1);
      // Far more than the windows of HTTP/2 take: the plugin waits for its reader, with the file open.
      if (messages++ === 0) await new Promise((resolve) => setTimeout(resolve, 300));
      expect(openFiles()).toHaveLength(1);
      if (messages === 10) break;
    }
    await expect.poll(openFiles).toEqual([]);
    const beyond = plugin.snapshotMetadata.getMetadataAllocated({ snapshotId, startingOffset: 1024n ** 3n + 1n });
    await expect(beyond[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: Code.OUT_OF_RANGE });
    const delta = { baseSnapshotId: snapshotId, targetSnapshotId: 'none' };
    const missing = plugin.snapshotMetadata.getMetadataDelta(delta)[Symbol.asyncIterator]().next();
    await expect(missing).rejects.toMatchObject({ code: Code.NOT_FOUND });
  });

  it.each(['1.12', '1.13'] as const)('offers what CSI %s has', async (specVersion) => {
    const folder = temporaryFolder();
    const host = await createHostPathPlugin({
      ...{ stateFolder: join(folder, 'state'), nodeId: 'node-1', mounts: 'links', shutdownOn: false, specVersion },
      topology: { 'example.com/zone': 'z1' },
    });
    onTestFinished(() => host.close());
    const endpoint = `unix://${join(folder, 'csi.sock')}`;
    await host.plugin.listen(endpoint);
    const channel = createChannel(endpoint);
    onTestFinished(() => channel.close());
    const isNew = specVersion === '1.13';
    const { capabilities } = host.plugin;
    expect(capabilities.services.includes(Service.SNAPSHOT_METADATA_SERVICE)).toBe(true);
    expect(capabilities.services.includes(Service.SNAPSHOT_ACCESSIBILITY_CONSTRAINTS)).toBe(isNew);
    expect(capabilities.controller.includes(ControllerRpc.GET_VOLUME_HEALTH)).toBe(isNew);
    expect(capabilities.controller.includes(ControllerRpc.LIST_VOLUME_HEALTH)).toBe(isNew);
    expect(capabilities.node.includes(NodeRpc.GET_VOLUME_HEALTH)).toBe(isNew);
    expect(capabilities.node.includes(NodeRpc.GET_STORAGE_HEALTH)).toBe(isNew);
    const [controller, node] = [createClient(ControllerDefinition, channel), createClient(NodeDefinition, channel)];
    const answers = await Promise.allSettled([
      ...[node.nodeGetStorageHealth({}), controller.controllerListVolumeHealth({})],
      ...[node.nodeGetVolumeHealth({ volumeId: 'none' }), controller.controllerGetVolumeHealth({ volumeId: 'none' })],
    ]);
    const codes = answers.map((answer) => (answer.status === 'fulfilled' ? Code.OK : answer.reason.code));
    const { OK, NOT_FOUND, UNIMPLEMENTED } = Code;
    expect(codes).toEqual(isNew ? [OK, OK, NOT_FOUND, NOT_FOUND] : Array(4).fill(UNIMPLEMENTED));
  });

  it('closes its records when the server is shut down, whoever did it', async () => {
    const options = { stateFolder: join(temporaryFolder(), 'state'), nodeId: 'node-1', mounts: 'links' } as const;
    const opened = vi.spyOn(HostPath, 'open');
    const { plugin, close } = await createHostPathPlugin({ ...options, shutdownOn: false });
    const hostPath = (await opened.mock.results[0]!.value) as HostPath;
    opened.mockRestore();
    const { signal } = hostPath.copyOptions('vol-1', 'vol-2');
    await plugin.server.shutdown();
    await close();
    expect(signal?.aborted).toBe(true);
    await expect(hostPath.store.transaction(() => {})).rejects.toThrow('closed');
  });

  it('closes its records when the plugin cannot be made', async () => {
    const options = { stateFolder: join(temporaryFolder(), 'state'), nodeId: 'node-1', mounts: 'links' } as const;
    await expect(createHostPathPlugin({ ...options, name: 'not a name' })).rejects.toThrow(TypeError);
    const host = await createHostPathPlugin({ ...options, shutdownOn: false });
    await host.close();
  });
});
