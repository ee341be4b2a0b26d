import { existsSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newId } from '../../../../src/csi/hostpath/new-id.js';
import { Code } from '../../../../src/index.js';
import { block, MEBIBYTE, mount, openHostPath } from '../open-host-path.js';
import { temporaryFolder } from '../temporary-folder.js';

const EPHEMERAL = { 'csi.storage.k8s.io/ephemeral': 'true', 'csi.storage.k8s.io/pod.name': 'pod' };

/** What kubelet asks for: an id of its own, and the attributes that are written in the pod. */
async function pod(options: Parameters<typeof openHostPath>[0] = {}) {
  const calls = await openHostPath(options);
  const workloads = temporaryFolder();
  const target = (name: string) => join(workloads, name);
  const volumeId = 'csi-../../d4f';
  const request = (attributes: object = { size: '10Mi' }, name = 'a') => ({
    volumeId,
    targetPath: target(name),
    volumeContext: { ...EPHEMERAL, ...attributes },
  });
  onTestFinished(async () => void (await calls.nodeUnpublish(request()).catch(() => {})));
  const available = () => calls.hostPath.capacity.availableOf('standard') / MEBIBYTE;
  return { ...calls, target, volumeId, request, available };
}

describe('createEphemeralVolume', () => {
  it('makes a volume with its target, and deletes it with that, as often as it is asked', async () => {
    const { nodePublish, nodeUnpublish, request, target, available, hostPath, volumeId, stats } = await pod();
    for (let times = 0; times < 3; times++) expect(await nodePublish(request())).toEqual({});
    expect(available()).toBe(90n);
    await writeFile(join(target('a'), 'file'), 'content');
    await nodePublish(request());
    expect(await readFile(join(target('a'), 'file'), 'utf8')).toBe('content');
    expect((await stats({ volumeId, volumePath: target('a') })).usage).toHaveLength(2);
    expect(await hostPath.volumes.ids()).toHaveLength(1);
    for (let times = 0; times < 3; times++) expect(await nodeUnpublish(request())).toEqual({});
    expect(existsSync(target('a'))).toBe(false);
    expect(await hostPath.volumes.ids()).toEqual([]);
    expect(available()).toBe(100n);
    expect(hostPath.store.targets.page({ limit: 9 })).toEqual([]);
  });

  it('is not the controller’s to list or delete', async () => {
    const { nodePublish, request, volumeId, listVolumes, getVolume, deleteVolume, hostPath } = await pod();
    await nodePublish(request());
    expect((await listVolumes()).entries).toEqual([]);
    await expect(getVolume({ volumeId })).rejects.toMatchObject({ code: Code.NOT_FOUND });
    expect(await deleteVolume({ volumeId })).toEqual({});
    const [id] = await hostPath.volumes.ids();
    await expect(deleteVolume({ volumeId: id })).resolves.toEqual({});
    expect(await hostPath.volumes.ids()).toEqual([id]);
  });

  it('refuses what it cannot make', async () => {
    const { nodePublish, request, createVolume, available, hostPath, target } = await pod();
    const codeOf = (fields: object) =>
      nodePublish(fields).then(
        () => Code.OK,
        ({ code }) => code,
      );
    expect(await codeOf(request({ size: '60Mi', kind: 'none' }))).toBe(Code.INVALID_ARGUMENT);
    expect(await codeOf(request({ sice: '60Mi' }))).toBe(Code.INVALID_ARGUMENT);
    expect(await codeOf(request({ size: '101Mi' }))).toBe(Code.OUT_OF_RANGE);
    const persistent = await createVolume({ name: 'data', capacityRange: { requiredBytes: 50n * MEBIBYTE } });
    expect(await codeOf(request({ size: '60Mi' }))).toBe(Code.RESOURCE_EXHAUSTED);
    expect(await codeOf({ ...request(), volumeId: persistent.volumeId })).toBe(Code.ALREADY_EXISTS);
    expect(await codeOf({ ...request(), readonly: true })).toBe(Code.FAILED_PRECONDITION);
    expect([available(), await hostPath.volumes.ids()]).toEqual([50n, [persistent.volumeId]]);
    expect(existsSync(target('a'))).toBe(false);
    await nodePublish(request());
    expect(await codeOf(request({ size: '11Mi' }))).toBe(Code.ALREADY_EXISTS);
    expect(await codeOf({ ...request(), volumeCapability: block })).toBe(Code.ALREADY_EXISTS);
    expect(await codeOf(request({ size: '10Mi' }, 'b'))).toBe(Code.FAILED_PRECONDITION);
    const other = { ...mount, accessMode: { mode: 5 } };
    expect(await codeOf({ ...request(), volumeCapability: other })).toBe(Code.ALREADY_EXISTS);
    expect(available()).toBe(40n);
  });

  it('is there after a restart, and not when it was half made', async () => {
    const first = await pod();
    await first.nodePublish(first.request());
    // A crash between content and record leaves the content.
    await first.hostPath.volumes.create(newId('vol'), 'mount', MEBIBYTE);
    await first.hostPath.close();
    const second = await openHostPath(first.options);
    expect(second.hostPath.swept.content).toHaveLength(1);
    await second.nodePublish(first.request());
    expect(await second.hostPath.volumes.ids()).toHaveLength(1);
    await second.nodeUnpublish(first.request());
    expect(await second.hostPath.volumes.ids()).toEqual([]);
    expect(second.hostPath.capacity.availableOf('standard')).toBe(100n * MEBIBYTE);
  });

  it('is deleted by the next attempt when the first is cut short', async () => {
    const first = await pod();
    await first.nodePublish(first.request());
    const [id] = await first.hostPath.volumes.ids();
    // Its content has gone, and the record was to follow.
    await rm(first.hostPath.volumes.pathOf(id), { recursive: true });
    await first.hostPath.close();
    const second = await openHostPath(first.options);
    expect(second.hostPath.swept.missing).toEqual([id]);
    await second.nodeUnpublish(first.request());
    expect(second.hostPath.capacity.availableOf('standard')).toBe(100n * MEBIBYTE);
    await second.hostPath.close();
    const third = await openHostPath(first.options);
    expect(third.hostPath.swept).toEqual({ content: [], missing: [] });
  });

  it('may be a block device', async () => {
    const { nodePublish, nodeUnpublish, request, target, hostPath } = await pod();
    await nodePublish({ ...request(), volumeCapability: block });
    expect((await stat(target('a'))).size).toBe(Number(10n * MEBIBYTE));
    await nodeUnpublish(request());
    expect(await hostPath.volumes.ids()).toEqual([]);
  });

  it('is made by no pod that only looks like it', async () => {
    const { nodePublish, request } = await pod();
    const persistent = nodePublish({ ...request(), volumeContext: { 'csi.storage.k8s.io/ephemeral': 'false' } });
    await expect(persistent).rejects.toMatchObject({ code: Code.NOT_FOUND });
  });
});
