import type { ControllerListVolumeHealthRequest, VolumeHealth } from '../../../../gen/csi/v1/csi.js';
import { fileSystemProblems } from '../health/file-system-problems.js';
import { volumeProblems } from '../health/volume-problems.js';
import type { HostPath } from '../host-path.js';
import { pageSize } from '../page-of.js';
import { pageToken, readPageToken } from '../page-token.js';

/** Volumes that are looked at side by side. */
const AT_A_TIME = 100;

/**
 * The volumes that something is wrong with, from the oldest to the newest, by pages. Those that nothing is wrong with are
 * left out, as CSI wants it, so that a call looks at volumes until it has found as many as it may tell of.
 */
export async function controllerListVolumeHealth(
  { store, volumes }: HostPath,
  { maxEntries, startingToken }: ControllerListVolumeHealthRequest,
  signal: AbortSignal,
): Promise<{ entries: VolumeHealth[]; nextToken: string }> {
  const size = pageSize(maxEntries);
  const storage = await fileSystemProblems(volumes);
  const entries: VolumeHealth[] = [];
  for (let after = readPageToken('vol', startingToken); ; ) {
    signal.throwIfAborted();
    const records = store.volumes.page({ after, limit: AT_A_TIME });
    const found = await Promise.all(
      records.map(async (record) => ({
        volumeId: record.id,
        healthStatuses: await volumeProblems(volumes, record, storage),
      })),
    );
    for (const health of found) {
      if (health.healthStatuses.length === 0) continue;
      if (entries.length === size) return { entries, nextToken: pageToken(entries.at(-1)!.volumeId) };
      entries.push(health);
    }
    if (records.length < AT_A_TIME) return { entries, nextToken: '' };
    after = records.at(-1)!.id;
  }
}
