import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  ControllerDefinition,
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  IdentityDefinition,
  NodeDefinition,
} from '../../../gen/csi/v1/csi.js';
import { createHostPathPlugin } from '../../../src/csi/hostpath/create-host-path-plugin.js';
import { HostPath } from '../../../src/csi/hostpath/host-path.js';
import { Code, createChannel, createClient } from '../../../src/index.js';
import { mount } from './open-host-path.js';
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
