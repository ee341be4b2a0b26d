import { execFileSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { VolumeHealthErrorType as Status } from '../../../../gen/csi/v1/csi.js';
import { canBindMount } from '../../../../src/csi/hostpath/bind-mounts.js';
import { Code } from '../../../../src/index.js';
import { block, mount, openHostPath } from '../open-host-path.js';
import { temporaryFolder } from '../temporary-folder.js';

const mayMount = await canBindMount(process.env.TMPDIR ?? '/tmp');

/** A volume that is published at `a` and `b`. */
async function published(mounts: 'links' | 'bind', volumeCapability = mount) {
  const workloads = temporaryFolder();
  const calls = await openHostPath({ mounts });
  const { volumeId } = await calls.createVolume({ name: 'data', volumeCapabilities: [volumeCapability] });
  const target = (name: string) => join(workloads, name);
  const stagingTargetPath = target('staging');
  await calls.stage({ volumeId, stagingTargetPath, volumeCapability });
  for (const name of ['a', 'b']) {
    const targetPath = target(name);
    await calls.nodePublish({ volumeId, stagingTargetPath, targetPath, volumeCapability });
    onTestFinished(async () => void (await calls.nodeUnpublish({ volumeId, targetPath })));
  }
  const reasons = async (fields: object = {}) =>
    (await calls.nodeHealth({ volumeId, ...fields })).map(({ status, reason }) => [status, reason]);
  return { ...calls, volumeId, target, reasons };
}

describe('nodeGetVolumeHealth', () => {
  it.each(mayMount ? (['links', 'bind'] as const) : (['links'] as const))(
    'finds a target at which nothing is shown any more, with %s',
    async (mounts) => {
      const { nodeHealth, reasons, target, volumeId, hostPath } = await published(mounts);
      expect(await reasons()).toEqual([]);
      const content = hostPath.volumes.pathOf(volumeId);
      await hostPath.mounts.hide({ content, target: target('a'), accessType: 'mount' });
      const missing = [Status.INACCESSIBLE, 'NotMounted'];
      expect(await reasons()).toEqual([missing]);
      expect(await reasons({ volumePublishPath: target('a') })).toEqual([missing]);
      expect(await reasons({ volumePublishPath: target('b') })).toEqual([]);
      expect(await reasons({ volumePublishPath: target('never tried') })).toEqual([]);
      await hostPath.mounts.hide({ content, target: target('b'), accessType: 'mount' });
      const [both] = await nodeHealth({ volumeId });
      expect(both.message).toContain(target('a'));
      expect(both.message).toContain(target('b'));
      await expect(nodeHealth({ volumeId: 'none' })).rejects.toMatchObject({ code: Code.NOT_FOUND });
    },
  );

  it('finds what the controller finds', async () => {
    const { hostPath, volumeId, reasons } = await published('links');
    await rm(hostPath.volumes.pathOf(volumeId), { recursive: true });
    expect(await reasons()).toEqual([[Status.DATA_LOSS, 'ContentMissing']]);
  });

  it('tells of an ephemeral volume by the id that its CO gave it', async () => {
    const { nodePublish, nodeHealth } = await openHostPath();
    const volumeContext = { 'csi.storage.k8s.io/ephemeral': 'true', size: '1Mi' };
    await nodePublish({ volumeId: 'csi-1', targetPath: join(temporaryFolder(), 'a'), volumeContext });
    expect(await nodeHealth({ volumeId: 'csi-1' })).toEqual([]);
  });

  it.runIf(mayMount)('finds a mount that is another one, or has become read-only', async () => {
    const { reasons, target } = await published('bind');
    execFileSync('mount', ['-o', 'remount,bind,ro', target('a')]);
    expect(await reasons()).toEqual([[Status.DEGRADED, 'MountReadOnly']]);
    execFileSync('mount', ['-o', 'remount,bind,rw', target('a')]);
    expect(await reasons()).toEqual([]);
    const other = temporaryFolder();
    await mkdir(join(other, 'folder'));
    execFileSync('mount', ['--bind', join(other, 'folder'), target('a')]);
    expect(await reasons()).toEqual([[Status.INACCESSIBLE, 'OtherMounted']]);
    execFileSync('umount', [target('a')]);
    expect(await reasons()).toEqual([]);
  });

  it.runIf(mayMount)('finds a device that has lost its file', async () => {
    const { reasons, hostPath, volumeId } = await published('bind', block);
    expect(await reasons()).toEqual([]);
    const content = hostPath.volumes.pathOf(volumeId);
    const [device] = execFileSync('losetup', ['--associated', content], { encoding: 'utf8' }).split(':');
    execFileSync('losetup', ['--detach', device]);
    expect(await reasons()).toEqual([[Status.INACCESSIBLE, 'LoopDeviceLost']]);
    execFileSync('losetup', [device, content]);
    expect(await reasons()).toEqual([]);
    await rm(content);
    expect(await reasons()).toEqual([
      [Status.DATA_LOSS, 'ContentMissing'],
      [Status.INACCESSIBLE, 'LoopDeviceLost'],
    ]);
    execFileSync('losetup', ['--detach', device]);
  });
});
