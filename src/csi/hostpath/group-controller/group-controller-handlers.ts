import type { GroupControllerHandlers } from '../../plugin/plugin-handlers.js';
import type { HostPath } from '../host-path.js';
import { createVolumeGroupSnapshot } from './create-volume-group-snapshot.js';
import { deleteVolumeGroupSnapshot } from './delete-volume-group-snapshot.js';
import { getVolumeGroupSnapshot } from './get-volume-group-snapshot.js';

/** The handlers of csi.v1.GroupController. They count on `createPlugin` as the controller's do. */
export function groupControllerHandlers(hostPath: HostPath): Required<GroupControllerHandlers> {
  return {
    createVolumeGroupSnapshot: (request) => createVolumeGroupSnapshot(hostPath, request),
    deleteVolumeGroupSnapshot: (request) => deleteVolumeGroupSnapshot(hostPath, request),
    getVolumeGroupSnapshot: (request) => getVolumeGroupSnapshot(hostPath, request),
  };
}
