import { open } from 'node:fs/promises';
import { type BlockMetadata, BlockMetadataType, type GetMetadataAllocatedRequest } from '../../../../gen/csi/v1/csi.js';
import { outOfRange } from '../../csi-error.js';
import type { HostPath } from '../host-path.js';
import type { SnapshotRecord } from '../snapshot-record.js';
import { differingRanges } from './differing-ranges.js';

/** Ranges of a message where the CO does not ask for fewer. */
const LARGEST_PAGE = 256;

/** Both calls answer with it. */
export interface BlockMetadataPage {
  readonly blockMetadataType: BlockMetadataType;
  readonly volumeCapacityBytes: bigint;
  readonly blockMetadata: BlockMetadata[];
}

/**
 * Where `target` differs from `base`, or from a volume that nobody has written to, as messages of many ranges each. None
 * when there is no difference.
 *
 * Neighbours are one range, so that ranges are of variable length: a volume whose capacity is no multiple of a block has a
 * shorter one at its end, which the fixed style could not tell, and what was written in one go is told in one go.
 *
 * The files are open as long as it runs: a snapshot that is deleted meanwhile is read to its end.
 *
 * @throws RpcError OUT_OF_RANGE for an offset beyond the volume.
 */
export async function* blockMetadataPages(
  { snapshots }: HostPath,
  target: SnapshotRecord,
  base: SnapshotRecord | undefined,
  { startingOffset, maxResults }: Pick<GetMetadataAllocatedRequest, 'startingOffset' | 'maxResults'>,
  signal: AbortSignal,
): AsyncGenerator<BlockMetadataPage, void, undefined> {
  const { sizeBytes: volumeCapacityBytes } = target;
  if (startingOffset > volumeCapacityBytes) {
    throw outOfRange('starting_offset', `it is beyond the ${volumeCapacityBytes} bytes of the volume`);
  }
  const size = maxResults === 0 ? LARGEST_PAGE : Math.min(maxResults, LARGEST_PAGE);
  const page = (blockMetadata: BlockMetadata[]): BlockMetadataPage => ({
    blockMetadataType: BlockMetadataType.VARIABLE_LENGTH,
    volumeCapacityBytes,
    blockMetadata,
  });
  const targetFile = await open(snapshots.pathOf(target.id));
  try {
    const baseFile = base && (await open(snapshots.pathOf(base.id)));
    try {
      const bounds = { start: Number(startingOffset), end: Number(volumeCapacityBytes), signal };
      let ranges: BlockMetadata[] = [];
      for await (const { start, end } of differingRanges(targetFile, baseFile, bounds)) {
        ranges.push({ byteOffset: BigInt(start), sizeBytes: BigInt(end - start) });
        if (ranges.length < size) continue;
        yield page(ranges);
        ranges = [];
      }
      if (ranges.length > 0) yield page(ranges);
    } finally {
      await baseFile?.close();
    }
  } finally {
    await targetFile.close();
  }
}
