import { invalidArgument } from '../csi-error.js';
import type { CapacityLedger } from './capacity-ledger.js';
import { refuseUnknownKeys } from './refuse-unknown-keys.js';

/**
 * The kind of storage that the parameters ask for.
 *
 * @throws RpcError INVALID_ARGUMENT for a kind that there is not, and for other parameters.
 */
export function storageKindOf(parameters: { readonly [key: string]: string }, capacity: CapacityLedger): string {
  refuseUnknownKeys('parameters', parameters, ['kind']);
  const kind = parameters.kind ?? capacity.defaultKind;
  if (capacity.totalOf(kind) === undefined) throw invalidArgument('parameters', 'kind: there is no such storage');
  return kind;
}
