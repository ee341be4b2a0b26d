import type { Snapshot } from '../../../../gen/csi/v1/csi.js';
import { Code } from '../../../rpc/code.js';
import type { Check } from '../check.js';
import { equal, holds, refused } from '../expectations.js';
import { requireFields } from '../require-fields.js';
import type { Trial } from '../trial.js';

const { INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS } = Code;
const AGAIN = 5;

/** Snapshots, one by one and in groups. */
export const snapshotChecks: readonly Check[] = [
  {
    name: 'snapshot/a-snapshot-is-made',
    needs: ['controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      complete(await trial.createSnapshot(volumeId), volumeId);
    },
  },
  {
    name: 'snapshot/the-same-name-gives-the-same-snapshot',
    needs: ['controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      const request = trial.snapshotRequest(volumeId);
      const { snapshotId, creationTime } = await trial.createSnapshot(volumeId, request);
      for (let again = 0; again < AGAIN; again++) {
        const found = await trial.createSnapshot(volumeId, request);
        equal([found.snapshotId, found.creationTime], [snapshotId, creationTime], 'id and time of the first time');
      }
    },
  },
  {
    name: 'snapshot/the-same-name-of-another-volume-is-refused',
    needs: ['controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const [{ volumeId: one }, { volumeId: other }] = [await trial.createVolume(), await trial.createVolume()];
      const request = trial.snapshotRequest(one);
      await trial.createSnapshot(one, request);
      const call = trial.controller.createSnapshot({ ...request, sourceVolumeId: other });
      await refused(call, 'a snapshot of that name of another volume', ALREADY_EXISTS);
    },
  },
  {
    name: 'snapshot/a-snapshot-may-have-a-name-of-128-bytes',
    needs: ['controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      const { snapshotId } = await trial.createSnapshot(volumeId, { name: trial.name().padEnd(128, 'x') });
      holds(Buffer.byteLength(snapshotId) <= 128, 'a snapshot_id of at most 128 bytes', snapshotId);
    },
  },
  {
    name: 'snapshot/an-unknown-volume-has-no-snapshot',
    needs: ['controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const call = trial.controller.createSnapshot(trial.snapshotRequest(trial.strangerId()));
      await refused(call, 'an unknown source_volume_id', NOT_FOUND);
    },
  },
  {
    name: 'snapshot/create-snapshot-wants-its-required-fields',
    needs: ['controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      await requireFields(trial.controller.createSnapshot, trial.snapshotRequest(volumeId), {
        name: { name: '' },
        source_volume_id: { sourceVolumeId: '' },
      });
    },
  },
  {
    name: 'snapshot/a-snapshot-is-deleted-twice',
    needs: ['controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      const { snapshotId } = await trial.createSnapshot(volumeId);
      for (let again = 0; again < AGAIN; again++) await trial.deleteSnapshot(snapshotId);
    },
  },
  {
    name: 'snapshot/a-snapshot-that-never-was-is-deleted',
    needs: ['controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      for (const id of [trial.strangerId(), '../x', 'x'.repeat(128)]) await trial.deleteSnapshot(id);
    },
  },
  {
    name: 'snapshot/delete-snapshot-wants-its-required-fields',
    needs: ['controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const request = { snapshotId: trial.strangerId() };
      await requireFields(trial.controller.deleteSnapshot, request, { snapshot_id: { snapshotId: '' } });
    },
  },
  {
    name: 'snapshot/a-snapshot-is-found-until-it-is-deleted',
    needs: ['controller CREATE_DELETE_SNAPSHOT', 'controller GET_SNAPSHOT'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      const { snapshotId } = await trial.createSnapshot(volumeId);
      const get = () => trial.controller.getSnapshot({ snapshotId, secrets: trial.secrets('GetSnapshot') });
      const { snapshot } = await get();
      holds(snapshot !== undefined, 'the snapshot', 'none');
      complete(snapshot, volumeId);
      equal(snapshot.snapshotId, snapshotId, 'the snapshot that was asked for');
      await trial.deleteSnapshot(snapshotId);
      await refused(get(), 'a snapshot that was deleted', NOT_FOUND);
    },
  },
  {
    name: 'snapshot/get-snapshot-wants-its-required-fields',
    needs: ['controller GET_SNAPSHOT'],
    async run(trial) {
      const request = { snapshotId: trial.strangerId() };
      await requireFields(trial.controller.getSnapshot, request, { snapshot_id: { snapshotId: '' } });
    },
  },
  {
    name: 'group/a-group-is-made',
    needs: ['group CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT'],
    async run(trial) {
      const sources = await makeVolumes(trial);
      const { groupSnapshotId, snapshots, creationTime } = await trial.createGroup(sources);
      holds(creationTime !== undefined, 'a creation_time', 'none');
      equal(
        snapshots.map(({ sourceVolumeId }) => sourceVolumeId).sort(),
        [...sources].sort(),
        'a snapshot of each volume',
      );
      for (const snapshot of snapshots) {
        complete(snapshot, snapshot.sourceVolumeId);
        equal(snapshot.groupSnapshotId, groupSnapshotId, 'group_snapshot_id of each member');
      }
    },
  },
  {
    name: 'group/the-same-name-gives-the-same-group',
    needs: ['group CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT'],
    async run(trial) {
      const request = trial.groupRequest(await makeVolumes(trial));
      const first = (await trial.groupController.createVolumeGroupSnapshot(request)).groupSnapshot;
      const second = (await trial.groupController.createVolumeGroupSnapshot(request)).groupSnapshot;
      equal(second?.groupSnapshotId, first?.groupSnapshotId, 'the group_snapshot_id of the first time');
      const ids = [first, second].map((group) => group?.snapshots.map(({ snapshotId }) => snapshotId).sort());
      equal(ids[1], ids[0], 'the members of the first time');
    },
  },
  {
    name: 'group/the-same-name-of-other-volumes-is-refused',
    needs: ['group CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT'],
    async run(trial) {
      const sources = await makeVolumes(trial);
      const request = trial.groupRequest(sources);
      await trial.groupController.createVolumeGroupSnapshot(request);
      const call = trial.groupController.createVolumeGroupSnapshot({ ...request, sourceVolumeIds: sources.slice(1) });
      await refused(call, 'a group of that name of other volumes', ALREADY_EXISTS);
    },
  },
  {
    name: 'group/unknown-volumes-have-no-group',
    needs: ['group CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT'],
    async run(trial) {
      const [known] = await makeVolumes(trial);
      const call = trial.groupController.createVolumeGroupSnapshot(trial.groupRequest([known!, trial.strangerId()]));
      await refused(call, 'an unknown volume among the source_volume_ids', NOT_FOUND);
    },
  },
  {
    name: 'group/create-group-wants-its-required-fields',
    needs: ['group CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT'],
    async run(trial) {
      const request = trial.groupRequest(await makeVolumes(trial));
      await requireFields(trial.groupController.createVolumeGroupSnapshot, request, {
        name: { name: '' },
        source_volume_ids: { sourceVolumeIds: [] },
      });
    },
  },
  {
    name: 'group/a-group-is-found-until-it-is-deleted',
    needs: ['group CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT'],
    async run(trial) {
      const made = await trial.createGroup(await makeVolumes(trial));
      const ids = made.snapshots.map(({ snapshotId }) => snapshotId);
      const request = { groupSnapshotId: made.groupSnapshotId, snapshotIds: ids };
      const get = () => trial.groupController.getVolumeGroupSnapshot(request);
      const { groupSnapshot } = await get();
      equal(groupSnapshot?.groupSnapshotId, made.groupSnapshotId, 'the group that was asked for');
      equal(groupSnapshot?.snapshots.map(({ snapshotId }) => snapshotId).sort(), [...ids].sort(), 'its members');
      for (let again = 0; again < AGAIN; again++) await trial.groupController.deleteVolumeGroupSnapshot(request);
      await refused(get(), 'a group that was deleted', NOT_FOUND);
    },
  },
  {
    name: 'group/members-go-with-their-group',
    needs: ['group CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT', 'controller LIST_SNAPSHOTS'],
    async run(trial) {
      const { groupSnapshotId, snapshots } = await trial.createGroup(await makeVolumes(trial));
      const snapshotIds = snapshots.map(({ snapshotId }) => snapshotId);
      await trial.groupController.deleteVolumeGroupSnapshot({ groupSnapshotId, snapshotIds });
      for (const snapshotId of snapshotIds) {
        const pages = await trial.listSnapshots({ snapshotId });
        equal(pages.flatMap(({ entries }) => entries).length, 0, 'snapshots of a group that was deleted');
      }
    },
  },
  {
    name: 'group/members-that-do-not-belong-to-it-are-refused',
    needs: ['group CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT', 'controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const sources = await makeVolumes(trial);
      const { groupSnapshotId, snapshots } = await trial.createGroup(sources);
      const { snapshotId } = await trial.createSnapshot(sources[0]!);
      const snapshotIds = [...snapshots.map((member) => member.snapshotId), snapshotId];
      const call = trial.groupController.getVolumeGroupSnapshot({ groupSnapshotId, snapshotIds });
      await refused(call, 'a snapshot that is not of the group among the snapshot_ids', INVALID_ARGUMENT);
    },
  },
  {
    name: 'group/a-group-that-never-was-is-deleted',
    needs: ['group CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT'],
    async run(trial) {
      await trial.groupController.deleteVolumeGroupSnapshot({ groupSnapshotId: trial.strangerId() });
    },
  },
  {
    name: 'group/get-and-delete-want-their-required-fields',
    needs: ['group CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT'],
    async run(trial) {
      const request = { groupSnapshotId: trial.strangerId() };
      const without = { group_snapshot_id: { groupSnapshotId: '' } };
      await requireFields(trial.groupController.getVolumeGroupSnapshot, request, without);
      await requireFields(trial.groupController.deleteVolumeGroupSnapshot, request, without);
    },
  },
];

/** The required fields of a snapshot are there. It need not be ready yet. */
function complete(snapshot: Snapshot, sourceVolumeId: string): void {
  equal(snapshot.sourceVolumeId, sourceVolumeId, 'source_volume_id');
  holds(snapshot.creationTime !== undefined, 'a creation_time', 'none');
  holds(snapshot.sizeBytes >= 0n, 'size_bytes that is not negative', String(snapshot.sizeBytes));
}

async function makeVolumes(trial: Trial): Promise<string[]> {
  return [(await trial.createVolume()).volumeId, (await trial.createVolume()).volumeId];
}
