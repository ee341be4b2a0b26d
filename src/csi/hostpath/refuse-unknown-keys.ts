import { invalidArgument } from '../csi-error.js';

/** What Kubernetes adds by itself, such as the name of a claim. */
const OF_KUBERNETES = 'csi.storage.k8s.io/';

/**
 * @param field its name in the protocol.
 * @throws RpcError INVALID_ARGUMENT that names the keys which are not known. Values may be secret, and are not repeated.
 */
export function refuseUnknownKeys(
  field: string,
  map: { readonly [key: string]: string },
  known: readonly string[],
): void {
  const unknown = Object.keys(map).filter((key) => !known.includes(key) && !key.startsWith(OF_KUBERNETES));
  if (unknown.length > 0) throw invalidArgument(field, `not known here: ${unknown.join(', ')}`);
}
