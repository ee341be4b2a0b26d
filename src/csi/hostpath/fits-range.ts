import type { CapacityRange } from '../../../gen/csi/v1/csi.js';

/** Whether a size is within the range; 0 sets no bound. */
export function fitsRange(bytes: bigint, range: CapacityRange | undefined): boolean {
  if (range === undefined) return true;
  return bytes >= range.requiredBytes && (range.limitBytes === 0n || bytes <= range.limitBytes);
}
