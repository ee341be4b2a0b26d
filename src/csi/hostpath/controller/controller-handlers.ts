import type { ControllerHandlers } from '../../plugin/plugin-handlers.js';
import type { HostPath } from '../host-path.js';
import { controllerExpandVolume } from './controller-expand-volume.js';
import { controllerGetVolume } from './controller-get-volume.js';
import { controllerGetVolumeHealth } from './controller-get-volume-health.js';
import { controllerListVolumeHealth } from './controller-list-volume-health.js';
import { controllerModifyVolume } from './controller-modify-volume.js';
import { controllerPublishVolume } from './controller-publish-volume.js';
import { controllerUnpublishVolume } from './controller-unpublish-volume.js';
import { createSnapshot } from './create-snapshot.js';
import { createVolume } from './create-volume.js';
import { deleteSnapshot } from './delete-snapshot.js';
import { deleteVolume } from './delete-volume.js';
import { getCapacity } from './get-capacity.js';
import { getSnapshot } from './get-snapshot.js';
import { listSnapshots } from './list-snapshots.js';
import { listVolumes } from './list-volumes.js';
import { validateVolumeCapabilities } from './validate-volume-capabilities.js';

/**
 * The handlers of csi.v1.Controller. They count on `createPlugin` for what holds in every plugin: required fields, limits,
 * and one operation at a time for each volume and snapshot.
 */
export function controllerHandlers(hostPath: HostPath): Required<ControllerHandlers> {
  return {
    createVolume: (request) => createVolume(hostPath, request),
    deleteVolume: (request) => deleteVolume(hostPath, request),
    validateVolumeCapabilities: (request) => validateVolumeCapabilities(hostPath, request),
    listVolumes: (request) => listVolumes(hostPath, request),
    getCapacity: (request) => getCapacity(hostPath, request),
    controllerPublishVolume: (request) => controllerPublishVolume(hostPath, request),
    controllerUnpublishVolume: (request) => controllerUnpublishVolume(hostPath, request),
    controllerExpandVolume: (request) => controllerExpandVolume(hostPath, request),
    controllerModifyVolume: (request) => controllerModifyVolume(hostPath, request),
    controllerGetVolume: (request) => controllerGetVolume(hostPath, request),
    controllerGetVolumeHealth: (request) => controllerGetVolumeHealth(hostPath, request),
    controllerListVolumeHealth: (request, { signal }) => controllerListVolumeHealth(hostPath, request, signal),
    createSnapshot: (request) => createSnapshot(hostPath, request),
    deleteSnapshot: (request) => deleteSnapshot(hostPath, request),
    listSnapshots: (request) => listSnapshots(hostPath, request),
    getSnapshot: (request) => getSnapshot(hostPath, request),
  };
}
