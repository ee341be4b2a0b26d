import type { CapacityRange } from '../../gen/csi/v1/csi.js';
import { invalidArgument } from './invalid-argument.js';

const DEFAULT_BYTES = 16n * 1024n * 1024n;

/** What a CO accepts as the size of a volume. On the wire 0 means unset. */
export interface AcceptedCapacity {
  readonly requiredBytes: bigint;
  /** Undefined: no limit. */
  readonly limitBytes: bigint | undefined;
  /** The size for a new volume. */
  readonly chosenBytes: bigint;
}

/** @throws RpcError INVALID_ARGUMENT for a range that says nothing or contradicts itself. */
export function acceptedCapacity(range: CapacityRange | undefined): AcceptedCapacity {
  if (range === undefined) return { requiredBytes: 0n, limitBytes: undefined, chosenBytes: DEFAULT_BYTES };
  const { requiredBytes, limitBytes } = range;
  if (requiredBytes < 0n) throw invalidArgument('capacity_range.required_bytes', 'is negative');
  if (limitBytes < 0n) throw invalidArgument('capacity_range.limit_bytes', 'is negative');
  if (requiredBytes === 0n && limitBytes === 0n) throw invalidArgument('capacity_range', 'sets neither of its fields');
  if (limitBytes === 0n) return { requiredBytes, limitBytes: undefined, chosenBytes: requiredBytes };
  if (limitBytes < requiredBytes) throw invalidArgument('capacity_range', 'limit_bytes is less than required_bytes');
  const chosenBytes = requiredBytes > 0n ? requiredBytes : limitBytes < DEFAULT_BYTES ? limitBytes : DEFAULT_BYTES;
  return { requiredBytes, limitBytes, chosenBytes };
}
