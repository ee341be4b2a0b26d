import { invalidArgument } from '../csi-error.js';
import type { RecordStore } from './record-store.js';
import type { SnapshotRecord } from './snapshot-record.js';

/**
 * The snapshots of a group.
 *
 * @param known ids that the CO believes to be all of them; none: it does not say.
 * @throws RpcError INVALID_ARGUMENT when it is wrong.
 */
export function groupMembers({ snapshots }: RecordStore, groupId: string, known: readonly string[]): SnapshotRecord[] {
  const members = snapshots.pageBy('group', groupId, { limit: Number.MAX_SAFE_INTEGER });
  const ids = new Set(members.map(({ id }) => id));
  const wanted = new Set(known);
  if (wanted.size > 0 && (wanted.size !== ids.size || known.some((id) => !ids.has(id)))) {
    throw invalidArgument('snapshot_ids', `they are not those of the group ${groupId}`);
  }
  return members;
}
