import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  ControllerExpandVolumeRequest,
  ControllerGetVolumeHealthRequest,
  ControllerGetVolumeRequest,
  ControllerListVolumeHealthRequest,
  ControllerModifyVolumeRequest,
  ControllerPublishVolumeRequest,
  ControllerUnpublishVolumeRequest,
  CreateSnapshotRequest,
  CreateVolumeRequest,
  DeleteSnapshotRequest,
  DeleteVolumeRequest,
  GetCapacityRequest,
  GetMetadataAllocatedRequest,
  GetMetadataDeltaRequest,
  GetSnapshotRequest,
  ListSnapshotsRequest,
  ListVolumesRequest,
  VolumeCapability_AccessMode_Mode as Mode,
  NodeExpandVolumeRequest,
  NodeGetVolumeHealthRequest,
  NodeGetVolumeStatsRequest,
  NodePublishVolumeRequest,
  NodeStageVolumeRequest,
  NodeUnpublishVolumeRequest,
  NodeUnstageVolumeRequest,
  ValidateVolumeCapabilitiesRequest,
  VolumeCapability,
} from '../../../gen/csi/v1/csi.js';
import { controllerExpandVolume } from '../../../src/csi/hostpath/controller/controller-expand-volume.js';
import { controllerGetVolume } from '../../../src/csi/hostpath/controller/controller-get-volume.js';
import { controllerGetVolumeHealth } from '../../../src/csi/hostpath/controller/controller-get-volume-health.js';
import { controllerListVolumeHealth } from '../../../src/csi/hostpath/controller/controller-list-volume-health.js';
import { controllerModifyVolume } from '../../../src/csi/hostpath/controller/controller-modify-volume.js';
import { controllerPublishVolume } from '../../../src/csi/hostpath/controller/controller-publish-volume.js';
import { controllerUnpublishVolume } from '../../../src/csi/hostpath/controller/controller-unpublish-volume.js';
import { createSnapshot } from '../../../src/csi/hostpath/controller/create-snapshot.js';
import { createVolume } from '../../../src/csi/hostpath/controller/create-volume.js';
import { deleteSnapshot } from '../../../src/csi/hostpath/controller/delete-snapshot.js';
import { deleteVolume } from '../../../src/csi/hostpath/controller/delete-volume.js';
import { getCapacity } from '../../../src/csi/hostpath/controller/get-capacity.js';
import { getSnapshot } from '../../../src/csi/hostpath/controller/get-snapshot.js';
import { listSnapshots } from '../../../src/csi/hostpath/controller/list-snapshots.js';
import { listVolumes } from '../../../src/csi/hostpath/controller/list-volumes.js';
import { validateVolumeCapabilities } from '../../../src/csi/hostpath/controller/validate-volume-capabilities.js';
import { HostPath, type HostPathSettings } from '../../../src/csi/hostpath/host-path.js';
import { nodeExpandVolume } from '../../../src/csi/hostpath/node/node-expand-volume.js';
import { nodeGetStorageHealth } from '../../../src/csi/hostpath/node/node-get-storage-health.js';
import { nodeGetVolumeHealth } from '../../../src/csi/hostpath/node/node-get-volume-health.js';
import { nodeGetVolumeStats } from '../../../src/csi/hostpath/node/node-get-volume-stats.js';
import { nodePublishVolume } from '../../../src/csi/hostpath/node/node-publish-volume.js';
import { nodeStageVolume } from '../../../src/csi/hostpath/node/node-stage-volume.js';
import { nodeUnpublishVolume } from '../../../src/csi/hostpath/node/node-unpublish-volume.js';
import { nodeUnstageVolume } from '../../../src/csi/hostpath/node/node-unstage-volume.js';
import { getMetadataAllocated } from '../../../src/csi/hostpath/snapshot-metadata/get-metadata-allocated.js';
import { getMetadataDelta } from '../../../src/csi/hostpath/snapshot-metadata/get-metadata-delta.js';
import { temporaryFolder } from './temporary-folder.js';

export const MEBIBYTE = 1024n ** 2n;

export const mount = VolumeCapability.fromPartial({
  accessType: { $case: 'mount', value: {} },
  accessMode: { mode: Mode.SINGLE_NODE_WRITER },
});

export const block = VolumeCapability.fromPartial({
  accessType: { $case: 'block', value: {} },
  accessMode: { mode: Mode.SINGLE_NODE_WRITER },
});

/** A message with what is not given left at its default, as it comes from the wire. */
interface Message<Request> {
  fromPartial(fields: object): Request;
}

/** A host path in a folder of its own, on node `node-1` with 100 MiB, and its calls with what matters of their requests. */
export async function openHostPath(options: Partial<HostPathSettings> = {}) {
  const defaults = {
    stateFolder: join(temporaryFolder(), 'state'),
    nodeId: 'node-1',
    capacity: { standard: 100n * MEBIBYTE },
    mutableParameters: ['iops'],
    mounts: 'links' as const,
  };
  const hostPath = await HostPath.open({ ...defaults, ...options });
  onTestFinished(() => hostPath.close());
  const call =
    <Request, Response>(
      handler: (hostPath: HostPath, request: Request) => Promise<Response>,
      message: Message<Request>,
    ) =>
    (fields: object = {}) =>
      handler(hostPath, message.fromPartial(fields));
  const create = call(createVolume, CreateVolumeRequest);
  return {
    hostPath,
    options: { ...defaults, ...options },
    /** A mount volume of 1 MiB unless something else is said. */
    createVolume: async (fields: { readonly name: string; readonly [field: string]: unknown }) => {
      const size = { capacityRange: { requiredBytes: MEBIBYTE } };
      return (await create({ volumeCapabilities: [mount], ...size, ...fields })).volume;
    },
    deleteVolume: call(deleteVolume, DeleteVolumeRequest),
    validate: call(validateVolumeCapabilities, ValidateVolumeCapabilitiesRequest),
    listVolumes: call(listVolumes, ListVolumesRequest),
    getCapacity: call(getCapacity, GetCapacityRequest),
    publish: (fields: object) =>
      call(
        controllerPublishVolume,
        ControllerPublishVolumeRequest,
      )({
        nodeId: 'node-1',
        volumeCapability: mount,
        ...fields,
      }),
    unpublish: call(controllerUnpublishVolume, ControllerUnpublishVolumeRequest),
    expand: call(controllerExpandVolume, ControllerExpandVolumeRequest),
    modify: call(controllerModifyVolume, ControllerModifyVolumeRequest),
    getVolume: call(controllerGetVolume, ControllerGetVolumeRequest),
    createSnapshot: async (fields: object) => (await call(createSnapshot, CreateSnapshotRequest)(fields)).snapshot,
    deleteSnapshot: call(deleteSnapshot, DeleteSnapshotRequest),
    listSnapshots: call(listSnapshots, ListSnapshotsRequest),
    getSnapshot: call(getSnapshot, GetSnapshotRequest),
    stage: (fields: object) => call(nodeStageVolume, NodeStageVolumeRequest)({ volumeCapability: mount, ...fields }),
    unstage: call(nodeUnstageVolume, NodeUnstageVolumeRequest),
    nodePublish: (fields: object) =>
      call(nodePublishVolume, NodePublishVolumeRequest)({ volumeCapability: mount, ...fields }),
    nodeUnpublish: call(nodeUnpublishVolume, NodeUnpublishVolumeRequest),
    stats: call(nodeGetVolumeStats, NodeGetVolumeStatsRequest),
    health: async (fields: object) =>
      (await call(controllerGetVolumeHealth, ControllerGetVolumeHealthRequest)(fields)).volumeHealth.healthStatuses,
    listHealth: (fields: object = {}, signal = new AbortController().signal) =>
      controllerListVolumeHealth(hostPath, ControllerListVolumeHealthRequest.fromPartial(fields), signal),
    nodeHealth: async (fields: object) =>
      (await call(nodeGetVolumeHealth, NodeGetVolumeHealthRequest)(fields)).volumeHealth.healthStatuses,
    storageHealth: async () => (await nodeGetStorageHealth(hostPath)).backendHealth,
    nodeExpand: call(nodeExpandVolume, NodeExpandVolumeRequest),
    allocated: (fields: object, signal = new AbortController().signal) =>
      getMetadataAllocated(hostPath, GetMetadataAllocatedRequest.fromPartial(fields), signal),
    delta: (fields: object, signal = new AbortController().signal) =>
      getMetadataDelta(hostPath, GetMetadataDeltaRequest.fromPartial(fields), signal),
  };
}

/** Content that starts with a snapshot or volume. */
export function from(kind: 'snapshot' | 'volume', id: string): object {
  const value = kind === 'snapshot' ? { snapshotId: id } : { volumeId: id };
  return { volumeContentSource: { type: { $case: kind, value } } };
}
