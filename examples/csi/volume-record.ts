import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** What the plugin knows about a volume. It is kept in the volume's own folder, so that a restart finds it there. */
export interface VolumeRecord {
  readonly id: string;
  /** The name that the CO chose. */
  readonly name: string;
  readonly capacityBytes: bigint;
  /** The folder in which the volume is staged. */
  readonly stagedAt?: string;
  /** The path at which a workload sees the volume. */
  readonly publishedAt?: string;
}

const FILE = 'volume.json';

/** The folder whose content is the volume. */
export function dataFolder(volumeFolder: string): string {
  return join(volumeFolder, 'data');
}

/**
 * Makes the folder of a new volume. The record is its last part: a folder without one is what a crash left behind, and is
 * no volume.
 */
export async function createVolumeFolder(volumeFolder: string, record: VolumeRecord): Promise<void> {
  await rm(volumeFolder, { recursive: true, force: true });
  await mkdir(dataFolder(volumeFolder), { recursive: true });
  await writeVolumeRecord(volumeFolder, record);
}

/** The record goes first, for the same reason. */
export async function deleteVolumeFolder(volumeFolder: string): Promise<void> {
  await rm(join(volumeFolder, FILE), { force: true });
  await rm(volumeFolder, { recursive: true, force: true });
}

/** Written beside the old record and then renamed: whatever happens, one of the two is there as a whole. */
export async function writeVolumeRecord(volumeFolder: string, record: VolumeRecord): Promise<void> {
  const unfinished = join(volumeFolder, `${FILE}.new`);
  const file = await open(unfinished, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ ...record, capacityBytes: String(record.capacityBytes) }, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, join(volumeFolder, FILE));
}

/** Undefined when the folder is no volume. Throws when its record cannot be read: guessing could lose data. */
export async function readVolumeRecord(volumeFolder: string): Promise<VolumeRecord | undefined> {
  const path = join(volumeFolder, FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const record = JSON.parse(text) as VolumeRecord;
    if (typeof record.id !== 'string' || typeof record.name !== 'string') throw new Error('id or name is missing');
    return { ...record, capacityBytes: BigInt(record.capacityBytes) };
  } catch (cause) {
    throw new Error(`${path} is not a volume record; repair it, or remove the folder with the volume`, { cause });
  }
}
