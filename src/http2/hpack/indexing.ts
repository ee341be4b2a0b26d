/**
 * How a field goes out that no table holds yet (RFC 7541 section 6.2):
 * - `insert`: literal with incremental indexing. Few values, sent with every call
 * - `insert-name`: the same once, so that the name has an index, then only for a value that repeats. The name comes with most
 *   calls, and reading it anew costs the peer more than the rest of the field
 * - `keep-out`: literal without indexing. The value belongs to one call and would only push others out of the table
 * - `never`: literal never indexed, here and on every later hop, so that nobody can guess the value by watching sizes
 *   (section 7.1.3)
 *
 * A name that is not listed is kept out until its value repeats.
 */
export type Indexing = 'insert' | 'insert-name' | 'keep-out' | 'never';

export const INDEXING: ReadonlyMap<string, Indexing> = new Map<string, Indexing>([
  [':authority', 'insert'],
  [':method', 'insert'],
  [':path', 'insert'],
  [':scheme', 'insert'],
  [':status', 'insert'],
  ['accept-encoding', 'insert'],
  ['content-encoding', 'insert'],
  ['content-type', 'insert'],
  ['grpc-accept-encoding', 'insert'],
  ['grpc-encoding', 'insert'],
  ['grpc-status', 'insert'],
  ['te', 'insert'],
  ['user-agent', 'insert'],

  ['grpc-timeout', 'insert-name'],

  ['content-length', 'keep-out'],
  ['grpc-message', 'keep-out'],
  ['grpc-status-details-bin', 'keep-out'],

  ['authorization', 'never'],
  ['cookie', 'never'],
  ['proxy-authorization', 'never'],
  ['set-cookie', 'never'],
]);
