/*
 * Makes, shows, hides and deletes volumes for ever, in the state folder at argv[2] and at targets in the folder at argv[3],
 * by the mounts of argv[4], and prints what was acknowledged: `+ id path` when it is published, `? id path` before it is not
 * to be any more, `- id path` when it is not.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateVolumeRequest,
  NodePublishVolumeRequest,
  NodeStageVolumeRequest,
  VolumeCapability,
} from '../../gen/csi/v1/csi.js';
import { createVolume } from '../../src/csi/hostpath/controller/create-volume.js';
import { deleteVolume } from '../../src/csi/hostpath/controller/delete-volume.js';
import { HostPath } from '../../src/csi/hostpath/host-path.js';
import { nodePublishVolume } from '../../src/csi/hostpath/node/node-publish-volume.js';
import { nodeStageVolume } from '../../src/csi/hostpath/node/node-stage-volume.js';
import { nodeUnpublishVolume } from '../../src/csi/hostpath/node/node-unpublish-volume.js';
import { nodeUnstageVolume } from '../../src/csi/hostpath/node/node-unstage-volume.js';

const [, , stateFolder = '', workloads = '', mounts = ''] = process.argv;
const hostPath = await HostPath.open({ stateFolder, nodeId: 'node-1', mounts: mounts as 'bind' | 'links' });
const say = (what: string) => writeSync(1, `${what}\n`);
say('ready');

const capacityRange = { requiredBytes: 1024n ** 2n };
const capability = (kind: 'mount' | 'block') =>
  VolumeCapability.fromPartial({ accessType: { $case: kind, value: {} }, accessMode: { mode: 1 } });

async function publish(fields: Parameters<typeof NodePublishVolumeRequest.fromPartial>[0]): Promise<void> {
  await nodePublishVolume(hostPath, NodePublishVolumeRequest.fromPartial(fields));
  say(`+ ${fields.volumeId} ${fields.targetPath}`);
}

async function unpublish(volumeId: string, targetPath: string): Promise<void> {
  say(`? ${volumeId} ${targetPath}`);
  await nodeUnpublishVolume(hostPath, { volumeId, targetPath });
  say(`- ${volumeId} ${targetPath}`);
}

async function persistentLife(kind: 'mount' | 'block'): Promise<void> {
  const volumeCapability = capability(kind);
  for (let round = 0; ; round++) {
    const name = `${kind}-${process.pid}-${round}`;
    const request = CreateVolumeRequest.fromPartial({ name, capacityRange, volumeCapabilities: [volumeCapability] });
    const { volumeId } = (await createVolume(hostPath, request)).volume;
    const stagingTargetPath = join(workloads, `${name}-staging`);
    const stage = { volumeId, stagingTargetPath, volumeCapability };
    await nodeStageVolume(hostPath, NodeStageVolumeRequest.fromPartial(stage));
    const targets = ['a', 'b'].map((suffix) => join(workloads, `${name}-${suffix}`));
    await Promise.all(targets.map((targetPath) => publish({ ...stage, targetPath })));
    await Promise.all(targets.map((targetPath) => unpublish(volumeId, targetPath)));
    await nodeUnstageVolume(hostPath, { volumeId, stagingTargetPath });
    await deleteVolume(hostPath, { volumeId, secrets: {} });
  }
}

async function ephemeralLife(): Promise<void> {
  const volumeContext = { 'csi.storage.k8s.io/ephemeral': 'true', size: '1Mi' };
  for (let round = 0; ; round++) {
    const volumeId = `csi-${process.pid}-${round}`;
    const targetPath = join(workloads, volumeId);
    await publish({ volumeId, targetPath, volumeContext, volumeCapability: capability('mount') });
    await unpublish(volumeId, targetPath);
  }
}

await Promise.all([persistentLife('mount'), persistentLife('block'), ephemeralLife()]);
