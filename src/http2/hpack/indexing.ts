/**
 * How a field is represented that no table holds yet (RFC 7541 section 6.2):
 * - `insert`: a literal with incremental indexing. Few values, sent with every call
 * - `keep-out`: a literal without indexing. A value that belongs to one call would only push others out of the table
 * - `never`: a literal never indexed, here and on every later hop, so that its value cannot be guessed by watching sizes
 *   (section 7.1.3)
 *
 * A name that is not listed is kept out until its value repeats.
 */
export type Indexing = 'insert' | 'keep-out' | 'never';

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

  ['content-length', 'keep-out'],
  ['grpc-message', 'keep-out'],
  ['grpc-status-details-bin', 'keep-out'],
  ['grpc-timeout', 'keep-out'],

  ['authorization', 'never'],
  ['cookie', 'never'],
  ['proxy-authorization', 'never'],
  ['set-cookie', 'never'],
]);
