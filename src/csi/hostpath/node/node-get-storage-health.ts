import {
  type NodeGetStorageHealthResponse_StorageBackendHealth as BackendHealth,
  StorageHealthErrorType as Status,
} from '../../../../gen/csi/v1/csi.js';
import { fileSystemProblems } from '../health/file-system-problems.js';
import { mergeProblems } from '../health/merge-problems.js';
import type { HostPath } from '../host-path.js';

/** What is wrong with the file systems under the contents of volumes and of snapshots, which may be two. */
export async function nodeGetStorageHealth({
  volumes,
  snapshots,
}: HostPath): Promise<{ backendHealth: Omit<BackendHealth, 'volumeCapability'>[] }> {
  const problems = [...(await fileSystemProblems(volumes)), ...(await fileSystemProblems(snapshots))];
  const backendHealth = problems.map((problem) => ({
    ...problem,
    status: problem.reason === 'StorageMissing' ? Status.STORAGE_UNREACHABLE : Status.STORAGE_DEGRADED,
  }));
  return { backendHealth: mergeProblems(backendHealth) };
}
