import type { Check } from '../check.js';
import { equal, holds, unlessAborted } from '../expectations.js';

/** Of the same volume, at a time. */
const SAME = 10;

/** Many calls at once. A second operation on the same thing may be ABORTED; one on another thing may not. */
export const concurrencyChecks: readonly Check[] = [
  {
    name: 'concurrency/many-volumes-are-made-and-deleted-at-once',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const ids = await all(trial.parallel, async () => (await trial.createVolume()).volumeId);
      equal(new Set(ids).size, trial.parallel, 'as many volumes as names');
      await Promise.all(ids.map((id) => trial.deleteVolume(id)));
    },
  },
  {
    name: 'concurrency/one-name-at-once-is-one-volume',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const request = trial.volumeRequest();
      const answers = await all(SAME, () => unlessAborted(trial.createVolume(request)));
      const { volumeId } = await trial.createVolume(request);
      for (const answer of answers) if (answer !== undefined) equal(answer.volumeId, volumeId, 'one volume_id for all');
      holds(
        answers.some((answer) => answer !== undefined),
        'one of the calls to succeed',
        'ABORTED for all',
      );
    },
  },
  {
    name: 'concurrency/one-volume-is-deleted-at-once',
    needs: ['controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      await all(SAME, () => unlessAborted(trial.deleteVolume(volumeId)));
      await trial.deleteVolume(volumeId);
    },
  },
  {
    name: 'concurrency/one-snapshot-name-at-once-is-one-snapshot',
    needs: ['controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const { volumeId } = await trial.createVolume();
      const request = trial.snapshotRequest(volumeId);
      const answers = await all(SAME, () => unlessAborted(trial.createSnapshot(volumeId, request)));
      const { snapshotId } = await trial.createSnapshot(volumeId, request);
      for (const answer of answers) {
        if (answer !== undefined) equal(answer.snapshotId, snapshotId, 'one snapshot_id for all');
      }
    },
  },
  {
    name: 'concurrency/one-volume-is-published-at-once',
    needs: ['node', 'controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const request = await trial.publishRequest(await trial.createVolume());
      const { volumeId, targetPath } = request;
      await all(SAME, () => unlessAborted(trial.node.nodePublishVolume(request)));
      await trial.node.nodePublishVolume(request);
      await all(SAME, () => unlessAborted(trial.node.nodeUnpublishVolume({ volumeId, targetPath })));
      await trial.node.nodeUnpublishVolume({ volumeId, targetPath });
    },
  },
  {
    name: 'concurrency/many-volumes-live-their-lives-at-once',
    needs: ['controller CREATE_DELETE_VOLUME', 'controller CREATE_DELETE_SNAPSHOT', 'controller LIST_VOLUMES'],
    async run(trial) {
      const lives = await all(Math.ceil(trial.parallel / 4), async () => {
        const { volumeId } = await trial.createVolume();
        const { snapshotId } = await trial.createSnapshot(volumeId);
        const type = { $case: 'snapshot', value: { snapshotId } } as const;
        const restored = await trial.createVolume({ volumeContentSource: { type } });
        await trial.deleteVolume(volumeId).catch(() => {});
        return { volumeId, restored: restored.volumeId, snapshotId };
      });
      const listed = (await trial.listVolumes()).flatMap(({ entries }) =>
        entries.map(({ volume }) => volume?.volumeId),
      );
      equal(
        lives.filter(({ restored }) => !listed.includes(restored)),
        [],
        'all that were made of snapshots in the list',
      );
      await Promise.all(lives.map(({ restored }) => trial.deleteVolume(restored)));
      await Promise.all(lives.map(({ snapshotId }) => trial.deleteSnapshot(snapshotId)));
    },
  },
];

function all<Result>(count: number, run: () => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, run));
}
