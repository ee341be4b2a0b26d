import {
  type NodeGetVolumeHealthRequest,
  VolumeHealthErrorType as Status,
  type VolumeHealth,
} from '../../../../gen/csi/v1/csi.js';
import { notFound } from '../../csi-error.js';
import { fileSystemProblems } from '../health/file-system-problems.js';
import { mergeProblems } from '../health/merge-problems.js';
import { type VolumeProblem, volumeProblems } from '../health/volume-problems.js';
import type { HostPath } from '../host-path.js';
import { targetsOf } from '../targets-of.js';
import { volumeOnNode } from '../volume-on-node.js';

/**
 * What the controller finds, and whether the volume is still shown at the path that is named, else at all at which it is
 * published. A path at which it is not published, such as one of an attempt that failed, is not looked at.
 */
export async function nodeGetVolumeHealth(
  { store, volumes, mounts, turns }: HostPath,
  { volumeId, volumePublishPath }: NodeGetVolumeHealthRequest,
): Promise<{ volumeHealth: VolumeHealth }> {
  const volume = volumeOnNode(store, volumeId);
  if (volume === undefined) throw notFound('volume', volumeId);
  const { id, accessType } = volume;
  const problems: VolumeProblem[] = await volumeProblems(volumes, volume, await fileSystemProblems(volumes));
  // A target that is being made has its record already, and is no problem yet.
  await turns.take(volumeId, async () => {
    for (const { path, readonly } of targetsOf(store, volumeId, 'published')) {
      if (volumePublishPath !== '' && path !== volumePublishPath) continue;
      const problem = await mounts.problemOf({ content: volumes.pathOf(id), target: path, accessType, readonly });
      if (problem === undefined) continue;
      const status = problem.reason === 'MountReadOnly' ? Status.DEGRADED : Status.INACCESSIBLE;
      problems.push({ ...problem, status });
    }
  });
  return { volumeHealth: { volumeId, healthStatuses: mergeProblems(problems) } };
}
