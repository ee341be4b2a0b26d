import { invalidStartingToken } from '../csi-error.js';

const TOKEN = /^(vol|snap)-[0-9a-f]{32}$/;

/**
 * The token for the page behind the entry `lastId`. Since ids sort and never change, it holds while entries come and go,
 * that one too. It says nothing to the CO, and nothing of it is kept here.
 */
export function pageToken(lastId: string): string {
  return Buffer.from(lastId).toString('base64url');
}

/**
 * The id behind which the page begins; undefined for the first page.
 *
 * @throws RpcError ABORTED when the token was not made for such a list.
 */
export function readPageToken(prefix: 'vol' | 'snap', token: string): string | undefined {
  if (token === '') return undefined;
  const lastId = Buffer.from(token, 'base64url').toString('latin1');
  // Decoding forgives: only what encodes to the same token was given by this plugin.
  if (TOKEN.exec(lastId)?.[1] !== prefix || pageToken(lastId) !== token) throw invalidStartingToken();
  return lastId;
}
