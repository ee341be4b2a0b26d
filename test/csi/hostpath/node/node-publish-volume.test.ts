import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { mkdir, open, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../../../gen/csi/v1/csi.js';
import { canBindMount } from '../../../../src/csi/hostpath/bind-mounts.js';
import { Code } from '../../../../src/index.js';
import { block, MEBIBYTE, mount, openHostPath } from '../open-host-path.js';
import { temporaryFolder } from '../temporary-folder.js';

const probe = mkdtempSync(join(tmpdir(), 'podwire-hostpath-'));
const modes = (await canBindMount(probe)) ? (['links', 'bind'] as const) : (['links'] as const);
rmSync(probe, { recursive: true });

/** A staged volume, and a folder for targets in which nothing stays mounted. */
async function staged(mounts: 'links' | 'bind', volumeCapability = mount) {
  const workloads = temporaryFolder();
  const calls = await openHostPath({ mounts });
  const { volumeId } = await calls.createVolume({ name: 'data', volumeCapabilities: [volumeCapability] });
  const target = (name: string) => join(workloads, name);
  const stagingTargetPath = target('staging');
  await mkdir(stagingTargetPath);
  await calls.stage({ volumeId, stagingTargetPath, volumeCapability });
  const at = (name: string) => ({ volumeId, stagingTargetPath, targetPath: target(name), volumeCapability });
  onTestFinished(async () => {
    for (const { path, volumeId } of calls.hostPath.store.targets.page({ limit: 99 })) {
      await calls.nodeUnpublish({ volumeId, targetPath: path });
    }
  });
  return { ...calls, volumeId, stagingTargetPath, target, at };
}

afterEach(() => vi.unstubAllEnvs());

describe.each(modes)('nodePublishVolume with %s', (mounts) => {
  it('shows the content at every target, and again', async () => {
    const { nodePublish, nodeUnpublish, hostPath, volumeId, target, at } = await staged(mounts);
    for (const name of ['a', 'b', 'a']) expect(await nodePublish(at(name))).toEqual({});
    await writeFile(join(target('a'), 'file'), 'content');
    expect(await readFile(join(target('b'), 'file'), 'utf8')).toBe('content');
    for (let times = 0; times < 2; times++) await nodeUnpublish(at('a'));
    expect(existsSync(target('a'))).toBe(false);
    expect(await readFile(join(target('b'), 'file'), 'utf8')).toBe('content');
    await nodeUnpublish(at('b'));
    expect(await readFile(join(hostPath.volumes.pathOf(volumeId), 'file'), 'utf8')).toBe('content');
  });

  it('shows again what went while it was written down, as when the machine restarts', async () => {
    const { nodePublish, hostPath, target, at } = await staged(mounts);
    await nodePublish(at('a'));
    const { volumeId } = at('a');
    const content = hostPath.volumes.pathOf(volumeId);
    await hostPath.mounts.hide({ content, target: target('a'), accessType: 'mount' });
    await nodePublish(at('a'));
    await writeFile(join(target('a'), 'file'), '');
  });

  it('wants the volume, its staging and its way of use', async () => {
    const { nodePublish, at, target } = await staged(mounts);
    const codeOf = (fields: object) =>
      nodePublish({ ...at('a'), ...fields }).then(
        () => undefined,
        ({ code }) => code,
      );
    expect(await codeOf({ volumeId: 'none' })).toBe(Code.NOT_FOUND);
    expect(await codeOf({ stagingTargetPath: target('elsewhere') })).toBe(Code.FAILED_PRECONDITION);
    expect(await codeOf({ volumeCapability: block })).toBe(Code.INVALID_ARGUMENT);
    expect(existsSync(target('a'))).toBe(false);
    const many = { accessMode: { mode: Mode.MULTI_NODE_MULTI_WRITER } };
    expect(await codeOf({})).toBeUndefined();
    expect(await codeOf({ volumeCapability: { ...mount, ...many } })).toBe(Code.ALREADY_EXISTS);
  });

  it('gives a single writer one target', async () => {
    const { nodePublish, nodeUnpublish, at } = await staged(mounts);
    const single = { volumeCapability: { ...mount, accessMode: { mode: Mode.SINGLE_NODE_SINGLE_WRITER } } };
    for (let times = 0; times < 2; times++) await nodePublish({ ...at('a'), ...single });
    const second = { ...at('b'), ...single };
    await expect(nodePublish(second)).rejects.toMatchObject({ code: Code.FAILED_PRECONDITION });
    await expect(nodePublish(at('b'))).rejects.toMatchObject({ code: Code.FAILED_PRECONDITION });
    await nodeUnpublish(at('a'));
    expect(await nodePublish(second)).toEqual({});
  });

  it('keeps a volume that is in use from being unstaged or deleted', async () => {
    const { nodePublish, nodeUnpublish, unstage, deleteVolume, at, volumeId, stagingTargetPath } = await staged(mounts);
    await nodePublish(at('a'));
    const inUse = { code: Code.FAILED_PRECONDITION };
    await expect(unstage({ volumeId, stagingTargetPath })).rejects.toMatchObject(inUse);
    await nodeUnpublish(at('a'));
    await expect(deleteVolume({ volumeId })).rejects.toMatchObject(inUse);
    for (let times = 0; times < 2; times++) await unstage({ volumeId, stagingTargetPath });
    expect(await deleteVolume({ volumeId })).toEqual({});
  });

  it('touches no path that it did not publish', async () => {
    const { nodeUnpublish, at, target } = await staged(mounts);
    await writeFile(target('a'), 'not of this plugin');
    expect(await nodeUnpublish(at('a'))).toEqual({});
    expect(await readFile(target('a'), 'utf8')).toBe('not of this plugin');
  });

  it('puts nothing over what somebody else has there, and leaves it', async () => {
    const { nodePublish, nodeUnpublish, at, target, hostPath, volumeId, createVolume, stage } = await staged(mounts);
    await writeFile(target('file'), 'not of this plugin');
    await symlink(target('staging'), target('link'));
    await mkdir(target('folder'));
    for (const name of ['file', 'link']) {
      await expect(nodePublish(at(name))).rejects.toMatchObject({ code: Code.FAILED_PRECONDITION });
    }
    expect(await readFile(target('file'), 'utf8')).toBe('not of this plugin');
    expect(await readlink(target('link'))).toBe(target('staging'));
    expect(hostPath.store.targets.countBy('volume', volumeId, 9)).toBe(1);
    // An empty folder is what a CO may have made.
    await nodePublish(at('folder'));

    const other = await createVolume({ name: 'other' });
    const otherAt = { ...at('folder'), volumeId: other.volumeId };
    await stage({ volumeId: other.volumeId, stagingTargetPath: target('staging') });
    await expect(nodePublish(otherAt)).rejects.toMatchObject({ code: Code.FAILED_PRECONDITION });
    await writeFile(join(target('folder'), 'file'), 'of the first volume');
    await nodeUnpublish(otherAt);
    expect(await readFile(join(target('folder'), 'file'), 'utf8')).toBe('of the first volume');
  });

  it('does not hide from one volume what another shows at the same path now', async () => {
    const { nodePublish, nodeUnpublish, at, target, hostPath, volumeId, createVolume, stage } = await staged(mounts);
    await nodePublish(at('a'));
    // The machine restarts, and the path is given to another volume.
    await hostPath.mounts.hide({
      content: hostPath.volumes.pathOf(volumeId),
      target: target('a'),
      accessType: 'mount',
    });
    const other = await createVolume({ name: 'other' });
    await stage({ volumeId: other.volumeId, stagingTargetPath: target('staging') });
    await nodePublish({ ...at('a'), volumeId: other.volumeId });
    await writeFile(join(target('a'), 'file'), 'of the other');
    await nodeUnpublish(at('a'));
    expect(await readFile(join(target('a'), 'file'), 'utf8')).toBe('of the other');
    await nodeUnpublish({ ...at('a'), volumeId: other.volumeId });
    expect(existsSync(target('a'))).toBe(false);
  });

  it('keeps what it shows when showing it again fails', async () => {
    const { nodePublish, at, target, hostPath, volumeId } = await staged(mounts);
    await nodePublish(at('a'));
    await writeFile(join(target('a'), 'file'), 'content');
    const show = vi.spyOn(hostPath.mounts, 'show').mockRejectedValueOnce(new Error('no memory'));
    await expect(nodePublish(at('a'))).rejects.toThrow('no memory');
    show.mockRestore();
    expect(await readFile(join(target('a'), 'file'), 'utf8')).toBe('content');
    expect(hostPath.store.targets.countBy('volume', volumeId, 9)).toBe(2);
  });

  it('leaves no target of what could not be shown', async () => {
    const { nodePublish, at, target, hostPath, volumeId } = await staged(mounts);
    await expect(nodePublish({ ...at('x'), targetPath: target('no/such/folder') })).rejects.toThrow();
    expect(hostPath.store.targets.countBy('volume', volumeId, 9)).toBe(1);
  });

  it('says how much there is', async () => {
    const { nodePublish, stats, at, target, volumeId } = await staged(mounts);
    await nodePublish(at('a'));
    const { usage } = await stats({ volumeId, volumePath: target('a') });
    expect(usage.map(({ unit }) => unit)).toEqual([1, 2]);
    expect(usage[0].total).toBeGreaterThan(0n);
    const missing = { code: Code.NOT_FOUND };
    await expect(stats({ volumeId, volumePath: target('b') })).rejects.toMatchObject(missing);
    await expect(stats({ volumeId: 'none', volumePath: target('a') })).rejects.toMatchObject(missing);
  });
});

describe('nodePublishVolume without mounts', () => {
  it('does not promise what a link cannot give', async () => {
    const { nodePublish, at, target } = await staged('links');
    const readonly = nodePublish({ ...at('a'), readonly: true });
    await expect(readonly).rejects.toMatchObject({ code: Code.FAILED_PRECONDITION });
    expect(existsSync(target('a'))).toBe(false);
  });
});

describe.runIf(modes.length === 2)('nodePublishVolume with mounts', () => {
  it('is read-only where that is asked for, and nowhere else', async () => {
    const { nodePublish, at, target } = await staged('bind');
    await nodePublish({ ...at('a'), readonly: true });
    await nodePublish(at('b'));
    await expect(writeFile(join(target('a'), 'file'), '')).rejects.toMatchObject({ code: 'EROFS' });
    await writeFile(join(target('b'), 'file'), '');
    await expect(nodePublish(at('a'))).rejects.toMatchObject({ code: Code.ALREADY_EXISTS });
  });

  it('shows a block device that grows, and leaves no loop device', async () => {
    const calls = await staged('bind', block);
    const { nodePublish, nodeUnpublish, expand, nodeExpand, at, target, volumeId, hostPath } = calls;
    await nodePublish(at('a'));
    await nodePublish(at('b'));
    expect((await stat(target('a'))).isBlockDevice()).toBe(true);
    const sizeOf = (path: string) => BigInt(execFileSync('blockdev', ['--getsize64', path], { encoding: 'utf8' }));
    expect(sizeOf(target('a'))).toBe(MEBIBYTE);
    const device = await open(target('a'), 'r+');
    await device.write('through the device', 0);
    await device.sync();
    await device.close();
    const content = hostPath.volumes.pathOf(volumeId);
    expect((await readFile(content)).subarray(0, 18).toString()).toBe('through the device');
    await expand({ volumeId, capacityRange: { requiredBytes: 2n * MEBIBYTE } });
    const grown = await nodeExpand({ volumeId, volumePath: target('a') });
    expect([grown.capacityBytes, sizeOf(target('b'))]).toEqual([2n * MEBIBYTE, 2n * MEBIBYTE]);
    await nodeUnpublish(at('a'));
    const loops = () => execFileSync('losetup', ['--associated', content], { encoding: 'utf8' }).trim();
    expect(loops()).not.toBe('');
    await nodeUnpublish(at('b'));
    expect(loops()).toBe('');
  });

  it('has one device for a volume, also when its targets come and go at the same time', async () => {
    const { nodePublish, nodeUnpublish, at, hostPath, volumeId, target } = await staged('bind', block);
    const content = hostPath.volumes.pathOf(volumeId);
    const loops = () => execFileSync('losetup', ['--associated', content], { encoding: 'utf8' }).trim().split('\n');
    await Promise.all(['a', 'b', 'c'].map((name) => nodePublish(at(name))));
    expect(loops()).toHaveLength(1);
    for (let round = 0; round < 3; round++) {
      await Promise.all([nodeUnpublish(at('a')), nodeUnpublish(at('b')), nodeUnpublish(at('c')), nodePublish(at('d'))]);
      const device = await open(target('d'), 'r+');
      await device.write(`round ${round}`, 0);
      await device.sync();
      await device.close();
      expect((await readFile(content)).subarray(0, 7).toString()).toBe(`round ${round}`);
      await Promise.all([nodePublish(at('a')), nodePublish(at('b')), nodePublish(at('c')), nodeUnpublish(at('d'))]);
      expect(loops()).toHaveLength(1);
    }
    await Promise.all(['a', 'b', 'c'].map((name) => nodeUnpublish(at(name))));
    expect(loops()).toEqual(['']);
  });

  it('leaves no device of a target that cannot be made', async () => {
    const { nodePublish, at, hostPath, volumeId, target } = await staged('bind', block);
    await writeFile(target('a'), 'not of this plugin');
    await expect(nodePublish(at('a'))).rejects.toMatchObject({ code: Code.FAILED_PRECONDITION });
    // The device is there by then.
    const path = process.env.PATH;
    const bin = temporaryFolder();
    await symlink('/sbin/losetup', join(bin, 'losetup'));
    vi.stubEnv('PATH', bin);
    await expect(nodePublish(at('b'))).rejects.toThrow('mount');
    vi.stubEnv('PATH', path);
    const content = hostPath.volumes.pathOf(volumeId);
    expect(execFileSync('losetup', ['--associated', content], { encoding: 'utf8' })).toBe('');
    expect(existsSync(target('b'))).toBe(false);
    expect(hostPath.store.targets.countBy('volume', volumeId, 9)).toBe(1);
  });
});
