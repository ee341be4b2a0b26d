import type { NodeUnstageVolumeRequest } from '../../../../gen/csi/v1/csi.js';
import { failedPrecondition } from '../../csi-error.js';
import type { HostPath } from '../host-path.js';
import { targetId } from '../target-record.js';
import { targetsOf } from '../targets-of.js';

/** The volume is no longer staged there; what is not staged is unstaged. */
export async function nodeUnstageVolume(
  { store }: HostPath,
  { volumeId, stagingTargetPath }: NodeUnstageVolumeRequest,
): Promise<object> {
  await store.transaction(() => {
    const id = targetId(volumeId, stagingTargetPath);
    if (store.targets.get(id)?.use !== 'staged') return;
    const [published] = targetsOf(store, volumeId, 'published');
    if (published !== undefined) throw failedPrecondition(`the volume is published at ${published.path}`);
    store.targets.delete(id);
  });
  return {};
}
