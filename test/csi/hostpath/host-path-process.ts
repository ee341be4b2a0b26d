/*
 * Makes, copies and deletes volumes and snapshots in the state folder at argv[2] for ever, and prints what was acknowledged:
 * `+ id` when it was made, `? id` before it is deleted, `- id` when it was.
 */
import { writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateSnapshotRequest, CreateVolumeRequest } from '../../../gen/csi/v1/csi.js';
import { createSnapshot } from '../../../src/csi/hostpath/controller/create-snapshot.js';
import { createVolume } from '../../../src/csi/hostpath/controller/create-volume.js';
import { deleteSnapshot } from '../../../src/csi/hostpath/controller/delete-snapshot.js';
import { deleteVolume } from '../../../src/csi/hostpath/controller/delete-volume.js';
import { HostPath } from '../../../src/csi/hostpath/host-path.js';

const hostPath = await HostPath.open({ stateFolder: process.argv[2], nodeId: 'node-1', mounts: 'links' });
const say = (what: string) => writeSync(1, `${what}\n`);
say('ready');

const volumeCapabilities = [{ accessType: { $case: 'mount', value: {} }, accessMode: { mode: 1 } }] as const;

async function live(life: number): Promise<void> {
  for (let round = 0; ; round++) {
    const name = `${process.pid} ${life} ${round}`;
    const request = CreateVolumeRequest.fromPartial({ name, volumeCapabilities: [...volumeCapabilities] });
    const { volumeId } = (await createVolume(hostPath, request)).volume;
    say(`+ ${volumeId}`);
    await writeFile(join(hostPath.volumes.pathOf(volumeId), 'file'), name);
    const wanted = CreateSnapshotRequest.fromPartial({ name, sourceVolumeId: volumeId });
    const { snapshotId } = (await createSnapshot(hostPath, wanted)).snapshot;
    say(`+ ${snapshotId}`);
    say(`? ${volumeId}`);
    await deleteVolume(hostPath, { volumeId, secrets: {} });
    say(`- ${volumeId}`);
    if (round % 2 === 0) continue;
    say(`? ${snapshotId}`);
    await deleteSnapshot(hostPath, { snapshotId, secrets: {} });
    say(`- ${snapshotId}`);
  }
}

await Promise.all([live(1), live(2), live(3)]);
