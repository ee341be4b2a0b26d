import { lstat } from 'node:fs/promises';
import { VolumeHealthErrorType as Status, type VolumeHealth_VolumeHealthEntry } from '../../../../gen/csi/v1/csi.js';
import type { ContentFolder } from '../content-folder.js';
import type { VolumeRecord } from '../volume-record.js';
import type { FileSystemProblem } from './file-system-problems.js';

/** One condition of a volume, in the words of CSI. */
export type VolumeProblem = VolumeHealth_VolumeHealthEntry;

/**
 * What is wrong with the content of a volume, wherever it is looked at from.
 *
 * @param storage what is wrong with the file system it lies in.
 */
export async function volumeProblems(
  volumes: ContentFolder,
  record: VolumeRecord,
  storage: readonly FileSystemProblem[],
): Promise<VolumeProblem[]> {
  const isMissing = storage.some(({ reason }) => reason === 'StorageMissing');
  const around = storage.map((problem) => ({ ...problem, status: isMissing ? Status.INACCESSIBLE : Status.DEGRADED }));
  // A content that is not to be found then is not lost.
  if (isMissing) return around;
  const problem = await contentProblem(volumes, record);
  return problem === undefined ? around : [problem, ...around];
}

async function contentProblem(
  volumes: ContentFolder,
  { id, accessType, capacityBytes }: VolumeRecord,
): Promise<VolumeProblem | undefined> {
  const lost = (reason: string, message: string): VolumeProblem => ({ status: Status.DATA_LOSS, reason, message });
  try {
    const content = await lstat(volumes.pathOf(id), { bigint: true });
    if (accessType === 'mount') {
      return content.isDirectory()
        ? undefined
        : lost('ContentReplaced', 'there is no folder in the place of its folder');
    }
    if (!content.isFile()) return lost('ContentReplaced', 'there is no file in the place of its file');
    if (content.size >= capacityBytes) return undefined;
    return lost('ContentTruncated', `its file has ${content.size} of ${capacityBytes} bytes`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return lost('ContentMissing', 'its content is gone');
    return { status: Status.INACCESSIBLE, reason: 'ContentUnreadable', message: `its content cannot be read: ${code}` };
  }
}
