import type {
  CreateVolumeRequest,
  CreateVolumeResponse,
  ListVolumesRequest,
  ListVolumesResponse,
  ListVolumesResponse_Entry,
} from '../../gen/csi/v1/csi.js';

/** What every server answers to CreateVolume. */
export function createVolume(request: CreateVolumeRequest): CreateVolumeResponse {
  return {
    volume: {
      volumeId: request.name,
      capacityBytes: request.capacityRange?.requiredBytes ?? 0n,
      volumeContext: request.parameters,
      contentSource: request.volumeContentSource,
      accessibleTopology: request.accessibilityRequirements?.preferred ?? [],
    },
  };
}

const entries = Array.from({ length: 1_000 }, (_, index): ListVolumesResponse_Entry => {
  return {
    volume: {
      volumeId: `pvc-00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      capacityBytes: 10_737_418_240n,
      volumeContext: { 'storage.kubernetes.io/csiProvisionerIdentity': '1700000000000-8081-hostpath.csi.k8s.io' },
      contentSource: undefined,
      accessibleTopology: [{ segments: { 'topology.hostpath.csi/node': 'worker-1' } }],
    },
    status: { publishedNodeIds: ['worker-1'] },
  };
});

/** What every server answers to ListVolumes: up to 1,000 volumes, made once. */
export function listVolumes({ maxEntries }: ListVolumesRequest): ListVolumesResponse {
  return { entries: maxEntries >= entries.length ? entries : entries.slice(0, maxEntries), nextToken: '' };
}
