import type { CapacityRange } from '../../../gen/csi/v1/csi.js';
import { outOfRange } from '../csi-error.js';
import type { AccessType } from './volume-record.js';

const DEFAULT_BYTES = 1024n ** 3n;
/** A loop device has whole sectors only. */
const SECTOR = 512n;

/**
 * The size for a new volume: what is required, or 1 GiB where nothing is, but not less than its source, not more than the
 * limit, and for block devices a multiple of 512. It is exact wherever it can be.
 *
 * @param sourceBytes size of the content that it begins with; 0 for none.
 * @throws RpcError OUT_OF_RANGE when there is no such size.
 */
export function acceptedCapacity(range: CapacityRange | undefined, accessType: AccessType, sourceBytes = 0n): bigint {
  const { requiredBytes, limitBytes } = range ?? { requiredBytes: 0n, limitBytes: 0n };
  const least = requiredBytes > sourceBytes ? requiredBytes : sourceBytes;
  const most = limitBytes !== 0n && limitBytes < DEFAULT_BYTES ? limitBytes : DEFAULT_BYTES;
  const wanted = least || most;
  const beyond = accessType === 'block' ? wanted % SECTOR : 0n;
  // Up to the next sector when so much is needed, down to the last one when it is merely allowed.
  const size = beyond === 0n || least === 0n ? wanted - beyond : wanted - beyond + SECTOR;
  if (limitBytes !== 0n && size > limitBytes) {
    throw outOfRange('capacity_range', `limit_bytes is ${limitBytes}, the volume would have ${size}`);
  }
  if (size === 0n) throw outOfRange('capacity_range', `limit_bytes is less than the ${SECTOR} bytes of a sector`);
  return size;
}
