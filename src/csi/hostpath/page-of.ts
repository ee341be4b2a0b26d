import type { PageOptions } from '../store/record-table.js';
import { pageToken, readPageToken } from './page-token.js';

/** Entries at most, also when the CO asks for more: an answer is to stay far below 4 MiB. */
const LARGEST_PAGE = 1_000;

/** @param maxEntries what the CO asks for, 0: it does not care. */
export function pageSize(maxEntries: number): number {
  return maxEntries === 0 ? LARGEST_PAGE : Math.min(maxEntries, LARGEST_PAGE);
}

export interface Page<Entry> {
  readonly entries: Entry[];
  /** Empty: this is the last page. */
  readonly nextToken: string;
}

/**
 * One page of a list.
 *
 * @param read gives records in the order of their ids.
 * @throws RpcError ABORTED for a token that is not of such a list.
 */
export function pageOf<Entry extends { readonly id: string }>(
  prefix: 'vol' | 'snap',
  { maxEntries, startingToken }: { readonly maxEntries: number; readonly startingToken: string },
  read: (options: PageOptions) => Entry[],
): Page<Entry> {
  const size = pageSize(maxEntries);
  // One more than is given tells whether there is more.
  const found = read({ after: readPageToken(prefix, startingToken), limit: size + 1 });
  const entries = found.slice(0, size);
  return { entries, nextToken: found.length > size ? pageToken(entries.at(-1)!.id) : '' };
}
