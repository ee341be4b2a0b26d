import type { VolumeCapability } from '../../../gen/csi/v1/csi.js';
import { invalidArgument } from '../csi-error.js';
import type { AccessType } from './volume-record.js';

/**
 * The one access type of all capabilities. Every access mode will do: there is one node, so that modes for many are kept
 * by themselves. A file system type is taken and without effect: a folder has the file system that it lies in, and a CO
 * sets one also where nobody asked for it.
 *
 * @throws RpcError INVALID_ARGUMENT when they differ, or one has none.
 */
export function accessTypeOf(capabilities: readonly VolumeCapability[]): AccessType {
  const types = new Set(capabilities.map(({ accessType }) => accessType?.$case));
  const [type] = types;
  if (types.size !== 1 || type === undefined) {
    throw invalidArgument('volume_capabilities', 'a volume is either a block device or mounted, and not both');
  }
  return type;
}
