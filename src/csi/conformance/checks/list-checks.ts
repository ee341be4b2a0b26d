import { Code } from '../../../rpc/code.js';
import type { Check } from '../check.js';
import { equal, holds, refused } from '../expectations.js';
import type { Trial } from '../trial.js';
import { Untestable } from '../untestable.js';

const { INVALID_ARGUMENT, ABORTED } = Code;
/** Not one, which every page could be; and no multiple of a page. */
const SOME = 7;
const PAGE = 3;

/** What ListVolumes and ListSnapshots tell, page by page. */
export const listChecks: readonly Check[] = [
  {
    name: 'list/volumes-are-listed',
    needs: ['controller LIST_VOLUMES', 'controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const made = await makeVolumes(trial);
      const listed = volumeIds(await trial.listVolumes());
      equal(notIn(listed, made), [], 'no volume that is not listed');
      const [gone, ...kept] = made;
      await trial.deleteVolume(gone!);
      const later = volumeIds(await trial.listVolumes());
      holds(!later.includes(gone!), 'a volume that was deleted not to be listed', gone);
      equal(notIn(later, kept), [], 'the others still to be listed, none missing');
    },
  },
  {
    name: 'list/a-page-of-volumes-has-no-more-than-max-entries',
    needs: ['controller LIST_VOLUMES', 'controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      await makeVolumes(trial);
      const sizes = (await trial.listVolumes(PAGE)).map(({ entries }) => entries.length);
      holds(
        sizes.every((size) => size <= PAGE),
        `pages of at most ${PAGE} entries`,
        sizes,
      );
    },
  },
  {
    name: 'list/pages-of-volumes-make-the-whole-list',
    needs: ['controller LIST_VOLUMES', 'controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const made = await makeVolumes(trial);
      const listed = volumeIds(await trial.listVolumes(PAGE));
      equal(notIn(listed, made), [], 'each volume on one of the pages, none missing');
      equal(twice(listed), [], 'each volume once');
    },
  },
  {
    name: 'list/volumes-that-come-and-go-do-not-disturb-the-pages',
    needs: ['controller LIST_VOLUMES', 'controller CREATE_DELETE_VOLUME'],
    async run(trial) {
      const made = await makeVolumes(trial);
      const first = await trial.controller.listVolumes({ maxEntries: PAGE });
      const seen = first.entries.map(({ volume }) => volume!.volumeId);
      if (first.nextToken === '') throw new Untestable('all volumes are on the first page, whatever max_entries says');
      // The last one of the page, behind which the next begins, and one that is still to come.
      const gone = [seen.filter((id) => made.includes(id)).at(-1), made.find((id) => !seen.includes(id))];
      for (const id of gone) if (id !== undefined) await trial.deleteVolume(id);
      await makeVolumes(trial);
      for (let token = first.nextToken; token !== ''; ) {
        const page = await trial.controller.listVolumes({ maxEntries: PAGE, startingToken: token });
        seen.push(...page.entries.map(({ volume }) => volume!.volumeId));
        token = page.nextToken;
      }
      const stayed = made.filter((id) => !gone.includes(id));
      equal(notIn(seen, stayed), [], 'each volume that was there all the time on one of the pages, none missing');
      equal(twice(seen.filter((id) => stayed.includes(id))), [], 'each of them once');
    },
  },
  {
    name: 'list/an-unknown-token-for-volumes-is-aborted',
    needs: ['controller LIST_VOLUMES'],
    async run({ controller }) {
      const call = controller.listVolumes({ startingToken: 'no-such-token' });
      await refused(call, 'a starting_token that the plugin never gave', ABORTED);
    },
  },
  {
    name: 'list/a-negative-number-of-volumes-is-refused',
    needs: ['controller LIST_VOLUMES'],
    async run({ controller }) {
      await refused(controller.listVolumes({ maxEntries: -1 }), 'max_entries of -1', INVALID_ARGUMENT);
    },
  },
  {
    name: 'list/volumes-say-where-they-are-published',
    needs: [
      'controller LIST_VOLUMES',
      'controller LIST_VOLUMES_PUBLISHED_NODES',
      'controller CREATE_DELETE_VOLUME',
      'controller PUBLISH_UNPUBLISH_VOLUME',
      'node',
    ],
    async run(trial) {
      const volume = await trial.createVolume();
      const { volumeId } = volume;
      const nodes = async () => {
        const entries = (await trial.listVolumes()).flatMap((page) => page.entries);
        return entries.find((entry) => entry.volume?.volumeId === volumeId)?.status?.publishedNodeIds;
      };
      await trial.attach(volume);
      const nodeId = await trial.nodeId();
      equal(await nodes(), [nodeId], 'published_node_ids with the node');
      await trial.controller.controllerUnpublishVolume({ volumeId, nodeId });
      equal((await nodes()) ?? [], [], 'published_node_ids without it again');
    },
  },
  {
    name: 'list/snapshots-are-listed',
    needs: ['controller LIST_SNAPSHOTS', 'controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const made = await makeSnapshots(trial);
      equal(notIn(snapshotIds(await trial.listSnapshots()), made), [], 'no snapshot that is not listed');
      const [gone, ...kept] = made;
      await trial.deleteSnapshot(gone!);
      const later = snapshotIds(await trial.listSnapshots());
      holds(!later.includes(gone!), 'a snapshot that was deleted not to be listed', gone);
      equal(notIn(later, kept), [], 'the others still to be listed, none missing');
    },
  },
  {
    name: 'list/all-snapshots-of-a-volume-are-listed-and-no-other',
    needs: ['controller LIST_SNAPSHOTS', 'controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const { volumeId: sourceVolumeId } = await trial.createVolume();
      const made = await makeSnapshots(trial, sourceVolumeId);
      await makeSnapshots(trial);
      const listed = snapshotIds(await trial.listSnapshots({ sourceVolumeId, maxEntries: PAGE }));
      equal(listed.sort(), made.sort(), 'the snapshots of source_volume_id');
    },
  },
  {
    name: 'list/one-snapshot-is-listed-by-its-id',
    needs: ['controller LIST_SNAPSHOTS', 'controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const [snapshotId] = await makeSnapshots(trial);
      equal(snapshotIds(await trial.listSnapshots({ snapshotId: snapshotId! })), [snapshotId], 'the one snapshot');
    },
  },
  {
    name: 'list/no-snapshot-is-listed-for-unknown-ids',
    needs: ['controller LIST_SNAPSHOTS'],
    async run(trial) {
      const [snapshotId, sourceVolumeId] = [trial.strangerId(), trial.strangerId()];
      equal(snapshotIds(await trial.listSnapshots({ snapshotId })), [], 'an empty list for an unknown snapshot_id');
      equal(snapshotIds(await trial.listSnapshots({ sourceVolumeId })), [], 'an empty list for an unknown volume');
    },
  },
  {
    name: 'list/a-page-of-snapshots-has-no-more-than-max-entries',
    needs: ['controller LIST_SNAPSHOTS', 'controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      await makeSnapshots(trial);
      const sizes = (await trial.listSnapshots({ maxEntries: PAGE })).map(({ entries }) => entries.length);
      holds(
        sizes.every((size) => size <= PAGE),
        `pages of at most ${PAGE} entries`,
        sizes,
      );
    },
  },
  {
    name: 'list/pages-of-snapshots-make-the-whole-list',
    needs: ['controller LIST_SNAPSHOTS', 'controller CREATE_DELETE_SNAPSHOT'],
    async run(trial) {
      const made = await makeSnapshots(trial);
      const listed = snapshotIds(await trial.listSnapshots({ maxEntries: PAGE }));
      equal(notIn(listed, made), [], 'each snapshot on one of the pages, none missing');
      equal(twice(listed), [], 'each snapshot once');
    },
  },
  {
    name: 'list/an-unknown-token-for-snapshots-is-aborted',
    needs: ['controller LIST_SNAPSHOTS'],
    async run({ controller }) {
      const call = controller.listSnapshots({ startingToken: 'no-such-token' });
      await refused(call, 'a starting_token that the plugin never gave', ABORTED);
    },
  },
  {
    name: 'list/a-negative-number-of-snapshots-is-refused',
    needs: ['controller LIST_SNAPSHOTS'],
    async run({ controller }) {
      await refused(controller.listSnapshots({ maxEntries: -1 }), 'max_entries of -1', INVALID_ARGUMENT);
    },
  },
];

async function makeVolumes(trial: Trial): Promise<string[]> {
  const made: string[] = [];
  while (made.length < SOME) made.push((await trial.createVolume()).volumeId);
  return made;
}

/** Of one volume: given, or a new one. */
async function makeSnapshots(trial: Trial, source?: string): Promise<string[]> {
  const volumeId = source ?? (await trial.createVolume()).volumeId;
  const made: string[] = [];
  while (made.length < SOME) made.push((await trial.createSnapshot(volumeId)).snapshotId);
  return made;
}

type VolumePage = Awaited<ReturnType<Trial['listVolumes']>>[number];
type SnapshotPage = Awaited<ReturnType<Trial['listSnapshots']>>[number];

function volumeIds(pages: readonly VolumePage[]): string[] {
  return pages.flatMap(({ entries }) => entries.map(({ volume }) => volume?.volumeId ?? ''));
}

function snapshotIds(pages: readonly SnapshotPage[]): string[] {
  return pages.flatMap(({ entries }) => entries.map(({ snapshot }) => snapshot?.snapshotId ?? ''));
}

function notIn(list: readonly string[], wanted: readonly string[]): string[] {
  return wanted.filter((id) => !list.includes(id));
}

function twice(list: readonly string[]): string[] {
  return list.filter((id, index) => list.indexOf(id) !== index);
}
