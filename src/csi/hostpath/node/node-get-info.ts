import type { HostPath } from '../host-path.js';

export async function nodeGetInfo({ options: { nodeId, maxVolumesPerNode = 0, topology } }: HostPath) {
  return {
    nodeId,
    maxVolumesPerNode: BigInt(maxVolumesPerNode),
    ...(topology && { accessibleTopology: { segments: { ...topology } } }),
  };
}
