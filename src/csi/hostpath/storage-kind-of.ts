import { invalidArgument } from '../csi-error.js';
import type { CapacityLedger } from './capacity-ledger.js';
import { refuseUnknownKeys } from './refuse-unknown-keys.js';

/**
 * The kind of storage that the parameters ask for.
 *
 * @param field their name in the protocol.
 * @throws RpcError INVALID_ARGUMENT for a kind that there is not, and for other parameters.
 */
export function storageKindOf(
  field: string,
  parameters: { readonly [key: string]: string },
  capacity: CapacityLedger,
  known: readonly string[] = ['kind'],
): string {
  refuseUnknownKeys(field, parameters, known);
  const kind = parameters.kind ?? capacity.defaultKind;
  if (capacity.totalOf(kind) === undefined) throw invalidArgument(field, 'kind: there is no such storage');
  return kind;
}
