import { VolumeCapability_AccessMode_Mode as Mode, type NodePublishVolumeRequest } from '../../../../gen/csi/v1/csi.js';
import { RpcError } from '../../../rpc/rpc-error.js';
import { failedPrecondition } from '../../csi-error.js';
import type { HostPath } from '../host-path.js';
import { type RecordedTarget, recordTarget } from '../record-target.js';
import { targetId } from '../target-record.js';
import { targetsOf } from '../targets-of.js';
import { createEphemeralVolume } from './create-ephemeral-volume.js';
import { isEphemeral } from './ephemeral-context.js';
import { forgetTarget } from './forget-target.js';

/** Shows the volume at the target path, again after a restart of the machine. An ephemeral volume is made before. */
export async function nodePublishVolume(hostPath: HostPath, request: NodePublishVolumeRequest): Promise<object> {
  await hostPath.turns.take(request.volumeId, async () => {
    const create = isEphemeral(request.volumeContext) ? createEphemeralVolume : recordPublication;
    await show(hostPath, await create(hostPath, request));
  });
  return {};
}

function recordPublication(
  { store }: HostPath,
  { volumeId, stagingTargetPath, targetPath: path, volumeCapability, readonly }: NodePublishVolumeRequest,
): Promise<RecordedTarget> {
  const target = { volumeId, path, use: 'published', readonly } as const;
  return recordTarget(store, target, volumeCapability!, ({ accessMode }) => {
    if (store.targets.get(targetId(volumeId, stagingTargetPath))?.use !== 'staged') {
      throw failedPrecondition(`the volume is not staged at ${stagingTargetPath}`);
    }
    const [other] = targetsOf(store, volumeId, 'published');
    const alone = accessMode === Mode.SINGLE_NODE_SINGLE_WRITER || other?.accessMode === Mode.SINGLE_NODE_SINGLE_WRITER;
    if (other !== undefined && alone) throw failedPrecondition(`the volume has its only target at ${other.path}`);
  });
}

async function show(hostPath: HostPath, { volume, target, isNew }: RecordedTarget): Promise<void> {
  const { volumes, mounts } = hostPath;
  const { path, readonly } = target;
  const shown = { content: volumes.pathOf(volume.id), target: path, accessType: volume.accessType, readonly };
  try {
    await mounts.show(shown);
  } catch (error) {
    // What was shown before this call stays, and what cannot be taken away is still known for NodeUnpublishVolume.
    if (isNew && (await canHide())) await forgetTarget(hostPath, volume, target);
    throw error;
  }

  /** What is somebody else's is no reason to remember a target that nothing is shown at. */
  async function canHide(): Promise<boolean> {
    return mounts.hide(shown).then(
      () => true,
      (error) => error instanceof RpcError,
    );
  }
}
