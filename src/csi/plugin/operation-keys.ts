import type {
  ControllerExpandVolumeRequest,
  ControllerModifyVolumeRequest,
  ControllerPublishVolumeRequest,
  ControllerUnpublishVolumeRequest,
  CreateSnapshotRequest,
  CreateVolumeGroupSnapshotRequest,
  CreateVolumeRequest,
  DeleteSnapshotRequest,
  DeleteVolumeGroupSnapshotRequest,
  DeleteVolumeRequest,
  NodeExpandVolumeRequest,
  NodePublishVolumeRequest,
  NodeStageVolumeRequest,
  NodeUnpublishVolumeRequest,
  NodeUnstageVolumeRequest,
} from '../../../gen/csi/v1/csi.js';
import type { OperationKey } from './pending-operations.js';

/** The calls that change something. */
interface Requests {
  CreateVolume: CreateVolumeRequest;
  DeleteVolume: DeleteVolumeRequest;
  ControllerPublishVolume: ControllerPublishVolumeRequest;
  ControllerUnpublishVolume: ControllerUnpublishVolumeRequest;
  ControllerExpandVolume: ControllerExpandVolumeRequest;
  ControllerModifyVolume: ControllerModifyVolumeRequest;
  CreateSnapshot: CreateSnapshotRequest;
  DeleteSnapshot: DeleteSnapshotRequest;
  CreateVolumeGroupSnapshot: CreateVolumeGroupSnapshotRequest;
  DeleteVolumeGroupSnapshot: DeleteVolumeGroupSnapshotRequest;
  NodeStageVolume: NodeStageVolumeRequest;
  NodeUnstageVolume: NodeUnstageVolumeRequest;
  NodePublishVolume: NodePublishVolumeRequest;
  NodeUnpublishVolume: NodeUnpublishVolumeRequest;
  NodeExpandVolume: NodeExpandVolumeRequest;
}

const volume = (id: string, path?: string): OperationKey => ({ kind: 'volume', id, path });
const snapshot = (id: string): OperationKey => ({ kind: 'snapshot', id });
const group = (id: string): OperationKey => ({ kind: 'group snapshot', id });

/**
 * Names and ids are of one kind: a plugin that takes the name as the id has creation and deletion of one volume apart.
 * For others the two are different keys; their CO knows the id only after the creation. A source (of a snapshot, a
 * clone) is not locked: many copies of one image are made side by side.
 */
const keys: { readonly [Name in keyof Requests]: (request: Requests[Name]) => OperationKey } = {
  CreateVolume: ({ name }) => volume(name),
  DeleteVolume: ({ volumeId }) => volume(volumeId),
  ControllerPublishVolume: ({ volumeId }) => volume(volumeId),
  ControllerUnpublishVolume: ({ volumeId }) => volume(volumeId),
  ControllerExpandVolume: ({ volumeId }) => volume(volumeId),
  ControllerModifyVolume: ({ volumeId }) => volume(volumeId),
  CreateSnapshot: ({ name }) => snapshot(name),
  DeleteSnapshot: ({ snapshotId }) => snapshot(snapshotId),
  CreateVolumeGroupSnapshot: ({ name }) => group(name),
  DeleteVolumeGroupSnapshot: ({ groupSnapshotId }) => group(groupSnapshotId),
  NodeStageVolume: ({ volumeId, stagingTargetPath }) => volume(volumeId, stagingTargetPath),
  NodeUnstageVolume: ({ volumeId, stagingTargetPath }) => volume(volumeId, stagingTargetPath),
  NodePublishVolume: ({ volumeId, targetPath }) => volume(volumeId, targetPath),
  NodeUnpublishVolume: ({ volumeId, targetPath }) => volume(volumeId, targetPath),
  NodeExpandVolume: ({ volumeId, volumePath }) => volume(volumeId, volumePath),
};

/**
 * What a call of a method is done to. Undefined for methods that only look: they run beside everything, so that a
 * measurement that hangs does not keep a volume from being unpublished.
 *
 * @param method `CreateVolume`
 */
export function operationKeyOf(method: string): ((request: never) => OperationKey) | undefined {
  return Object.hasOwn(keys, method) ? keys[method as keyof Requests] : undefined;
}
