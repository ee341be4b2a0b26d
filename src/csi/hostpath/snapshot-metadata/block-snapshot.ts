import { invalidArgument, notFound } from '../../csi-error.js';
import type { RecordStore } from '../record-store.js';
import type { SnapshotRecord } from '../snapshot-record.js';

/**
 * A snapshot that has blocks to tell of.
 *
 * @param field its name in the request, for errors.
 * @throws RpcError NOT_FOUND, or INVALID_ARGUMENT for one of a folder.
 */
export function blockSnapshot({ snapshots }: RecordStore, field: string, id: string): SnapshotRecord {
  const record = snapshots.get(id);
  if (record === undefined) throw notFound('snapshot', id);
  if (record.accessType !== 'block') {
    throw invalidArgument(field, 'the snapshot has the access type mount, and only block volumes have blocks');
  }
  return record;
}
