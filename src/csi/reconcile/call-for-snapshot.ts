import { Code } from '../../rpc/code.js';
import { RpcError } from '../../rpc/rpc-error.js';
import type { ConnectedPlugin } from '../controller/connected-plugin.js';
import type { CallOptions } from './call-for-volume.js';
import type { SnapshotOperation } from './operation.js';
import type { SnapshotState } from './snapshot-state.js';
import type { SnapshotAnswer } from './snapshot-transitions.js';

/** Makes the call of an operation. Rejects as the call does. */
export async function callForSnapshot(
  { controller }: Pick<ConnectedPlugin, 'controller'>,
  { id: name, snapshotId = '' }: SnapshotState,
  operation: SnapshotOperation,
  { timeoutMs, signal, secrets }: CallOptions,
): Promise<SnapshotAnswer> {
  const options = { timeoutMs, signal };
  switch (operation.method) {
    case 'createSnapshot': {
      const { sourceVolumeId, parameters } = operation.creation;
      return controller.createSnapshot({ name, sourceVolumeId, parameters, secrets }, options);
    }
    case 'deleteSnapshot':
      try {
        return await controller.deleteSnapshot({ snapshotId, secrets }, options);
      } catch (error) {
        // What is to be taken away and is not there is gone.
        if (error instanceof RpcError && error.code === Code.NOT_FOUND) return {};
        throw error;
      }
    case 'forget':
      return {};
  }
}
