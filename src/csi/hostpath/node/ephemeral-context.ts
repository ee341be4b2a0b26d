import type { NodePublishVolumeRequest } from '../../../../gen/csi/v1/csi.js';
import { invalidArgument } from '../../csi-error.js';

type VolumeContext = NodePublishVolumeRequest['volumeContext'];

/** Whether kubelet says that the volume is written in the pod itself, so that no controller has ever heard of it. */
export function isEphemeral(context: VolumeContext): boolean {
  return context['csi.storage.k8s.io/ephemeral'] === 'true';
}

const QUANTITY = /^([0-9]+)(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$/;

/**
 * The attribute `size` of an ephemeral volume in bytes, 0 without one. It is a whole number as Kubernetes writes quantities:
 * `65536`, `100Mi`, `2G`.
 *
 * @throws RpcError INVALID_ARGUMENT
 */
export function ephemeralSize({ size }: VolumeContext): bigint {
  if (size === undefined) return 0n;
  const [, digits, unit = ''] = QUANTITY.exec(size) ?? [];
  if (digits === undefined || BigInt(digits) === 0n) {
    throw invalidArgument('volume_context', 'size: must be a whole number of bytes more than 0, or one such as 100Mi');
  }
  const base = unit.endsWith('i') ? 1024n : 1000n;
  const bytes = BigInt(digits) * base ** BigInt(' kmgtp'.indexOf(unit.charAt(0).toLowerCase() || ' '));
  if (bytes > MOST_BYTES) throw invalidArgument('volume_context', `size: must be at most ${MOST_BYTES} bytes`);
  return bytes;
}

/** Sizes are signed numbers of 64 bits in the protocol. */
const MOST_BYTES = 2n ** 63n - 1n;
