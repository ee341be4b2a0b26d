import { open } from 'node:fs/promises';
import { type BlockMetadata, BlockMetadataType } from '../../../../gen/csi/v1/csi.js';
import { Code } from '../../../rpc/code.js';
import type { Check, Need } from '../check.js';
import { equal, holds, refused } from '../expectations.js';
import type { Trial } from '../trial.js';

const { INVALID_ARGUMENT, NOT_FOUND, OUT_OF_RANGE } = Code;
/** Blocks that are written, with as many between them: no two are told as one. */
const KIBIBYTES_64 = 64 * 1024;
const WRITTEN = [0, 2, 4, 6, 8].map((block) => block * KIBIBYTES_64);

const needs: readonly Need[] = ['service SNAPSHOT_METADATA_SERVICE', 'controller CREATE_DELETE_SNAPSHOT'];
const needsWriting: readonly Need[] = [...needs, 'node'];

/** csi.v1.SnapshotMetadata. It is about block volumes, whatever the other checks use. */
export const snapshotMetadataChecks: readonly Check[] = [
  {
    name: 'metadata/allocated-blocks-are-in-order',
    needs: needsWriting,
    async run(trial) {
      const [, written] = await snapshots(trial);
      inOrder(await read(allocated(trial, written)));
    },
  },
  {
    name: 'metadata/what-was-written-is-allocated',
    needs: needsWriting,
    async run(trial) {
      const [, written] = await snapshots(trial);
      covers(ranges(await read(allocated(trial, written))), 'allocated blocks');
    },
  },
  {
    name: 'metadata/changed-blocks-are-in-order',
    needs: needsWriting,
    async run(trial) {
      const [empty, written] = await snapshots(trial);
      inOrder(await read(delta(trial, empty, written)));
    },
  },
  {
    name: 'metadata/what-was-written-is-changed',
    needs: needsWriting,
    async run(trial) {
      const [empty, written] = await snapshots(trial);
      covers(ranges(await read(delta(trial, empty, written))), 'changed blocks');
    },
  },
  {
    name: 'metadata/allocated-blocks-are-those-of-the-base-and-the-changed',
    needs: needsWriting,
    async run(trial) {
      const [empty, written] = await snapshots(trial);
      const before = ranges(await read(allocated(trial, empty)));
      const changed = ranges(await read(delta(trial, empty, written)));
      const either = merged([...before, ...changed]);
      for (const range of ranges(await read(allocated(trial, written)))) {
        holds(within(range, either), 'each allocated block in the base or among the changed', range);
      }
    },
  },
  {
    name: 'metadata/nothing-changes-from-a-snapshot-to-itself',
    needs: needsWriting,
    async run(trial) {
      const [, written] = await snapshots(trial);
      const again = await trial.createSnapshot(written.volumeId);
      const responses = await read(delta(trial, written, { ...written, snapshotId: again.snapshotId }));
      equal(ranges(responses), [], 'no changed blocks between two snapshots with the same content');
    },
  },
  {
    name: 'metadata/responses-have-no-more-than-max-results',
    needs: needsWriting,
    async run(trial) {
      const [empty, written] = await snapshots(trial);
      const counts = [
        ...(await read(allocated(trial, written, { maxResults: 2 }))),
        ...(await read(delta(trial, empty, written, { maxResults: 2 }))),
      ].map(({ blockMetadata }) => blockMetadata.length);
      holds(
        counts.every((count) => count <= 2),
        'at most 2 blocks in a response',
        counts,
      );
    },
  },
  {
    name: 'metadata/max-results-changes-nothing-of-the-blocks',
    needs: needsWriting,
    async run(trial) {
      const [empty, written] = await snapshots(trial);
      const whole = merged(ranges(await read(allocated(trial, written))));
      const one = await read(allocated(trial, written, { maxResults: 1 }));
      inOrder(one);
      equal(merged(ranges(one)), whole, 'the same allocated blocks, one by one');
      const changed = merged(ranges(await read(delta(trial, empty, written))));
      equal(
        merged(ranges(await read(delta(trial, empty, written, { maxResults: 1 })))),
        changed,
        'the same changed blocks',
      );
    },
  },
  {
    name: 'metadata/it-goes-on-at-starting-offset',
    needs: needsWriting,
    async run(trial) {
      const [empty, written] = await snapshots(trial);
      // In the middle of what was written, and in the middle of a block.
      for (const offset of [WRITTEN[2]!, WRITTEN[2]! + 512]) {
        for (const ask of [
          (startingOffset: number) => read(allocated(trial, written, { startingOffset: BigInt(startingOffset) })),
          (startingOffset: number) => read(delta(trial, empty, written, { startingOffset: BigInt(startingOffset) })),
        ]) {
          const rest = merged(ranges(await ask(0))).filter(({ end }) => end > offset);
          const resumed = merged(ranges(await ask(offset)));
          equal(cut(resumed, offset), cut(rest, offset), `the blocks behind ${offset}, and no other`);
          const early = resumed.filter(({ end }) => end <= offset);
          equal(early, [], `no block that ends before starting_offset ${offset}`);
        }
      }
    },
  },
  {
    name: 'metadata/an-offset-beyond-the-end-is-out-of-range',
    needs,
    async run(trial) {
      const { snapshotId } = await blockSnapshot(trial);
      for (const startingOffset of [-1n, 2n ** 62n]) {
        const call = read(trial.snapshotMetadata.getMetadataAllocated({ snapshotId, startingOffset }));
        await refused(call, `starting_offset ${startingOffset}`, OUT_OF_RANGE);
      }
    },
  },
  {
    name: 'metadata/unknown-snapshots-are-not-found',
    needs,
    async run(trial) {
      const { snapshotId } = await blockSnapshot(trial);
      const stranger = trial.strangerId();
      const { snapshotMetadata: metadata } = trial;
      const one = read(metadata.getMetadataAllocated({ snapshotId: stranger }));
      await refused(one, 'an unknown snapshot_id', NOT_FOUND);
      const target = read(metadata.getMetadataDelta({ baseSnapshotId: snapshotId, targetSnapshotId: stranger }));
      await refused(target, 'an unknown target_snapshot_id', NOT_FOUND);
      const base = read(metadata.getMetadataDelta({ baseSnapshotId: stranger, targetSnapshotId: snapshotId }));
      await refused(base, 'an unknown base_snapshot_id', NOT_FOUND);
    },
  },
  {
    name: 'metadata/it-wants-its-required-fields',
    needs,
    async run(trial) {
      const { snapshotId } = await blockSnapshot(trial);
      const { snapshotMetadata: metadata } = trial;
      const calls = {
        snapshot_id: metadata.getMetadataAllocated({}),
        base_snapshot_id: metadata.getMetadataDelta({ targetSnapshotId: snapshotId }),
        target_snapshot_id: metadata.getMetadataDelta({ baseSnapshotId: snapshotId }),
      };
      for (const [field, call] of Object.entries(calls)) {
        await refused(read(call), `a request without ${field}`, INVALID_ARGUMENT);
      }
    },
  },
  {
    name: 'metadata/a-negative-number-of-results-is-refused',
    needs,
    async run(trial) {
      const { snapshotId } = await blockSnapshot(trial);
      const call = read(trial.snapshotMetadata.getMetadataAllocated({ snapshotId, maxResults: -1 }));
      await refused(call, 'max_results of -1', INVALID_ARGUMENT);
    },
  },
];

interface Response {
  readonly blockMetadataType: BlockMetadataType;
  readonly volumeCapacityBytes: bigint;
  readonly blockMetadata: readonly BlockMetadata[];
}

interface Range {
  readonly start: number;
  readonly end: number;
}

interface Taken {
  readonly volumeId: string;
  readonly snapshotId: string;
}

interface Asked {
  readonly startingOffset?: bigint;
  readonly maxResults?: number;
}

function allocated(trial: Trial, { snapshotId }: Taken, asked: Asked = {}): AsyncIterable<Response> {
  const secrets = trial.secrets('GetMetadataAllocated');
  return trial.snapshotMetadata.getMetadataAllocated({ snapshotId, secrets, ...asked });
}

function delta(trial: Trial, base: Taken, target: Taken, asked: Asked = {}): AsyncIterable<Response> {
  const ids = { baseSnapshotId: base.snapshotId, targetSnapshotId: target.snapshotId };
  return trial.snapshotMetadata.getMetadataDelta({ ...ids, secrets: trial.secrets('GetMetadataDelta'), ...asked });
}

async function read(responses: AsyncIterable<Response>): Promise<Response[]> {
  const all: Response[] = [];
  for await (const response of responses) all.push(response);
  return all;
}

async function blockSnapshot(trial: Trial) {
  return trial.createSnapshot((await trial.asBlock().createVolume()).volumeId);
}

/** A snapshot of an empty block volume, and one of the same after some of it was written. */
async function snapshots(trial: Trial): Promise<[empty: Taken, written: Taken]> {
  const blocks = trial.asBlock();
  const volume = await blocks.createVolume();
  const { volumeId } = volume;
  const { snapshotId: empty } = await blocks.createSnapshot(volumeId);
  const { targetPath } = await blocks.publish(volume);
  const device = await open(targetPath, 'r+');
  try {
    for (const offset of WRITTEN) await device.write(Buffer.alloc(KIBIBYTES_64, 0xa5), 0, KIBIBYTES_64, offset);
    await device.sync();
  } finally {
    await device.close();
  }
  await trial.node.nodeUnpublishVolume({ volumeId, targetPath });
  const { snapshotId: written } = await blocks.createSnapshot(volumeId);
  return [
    { volumeId, snapshotId: empty },
    { volumeId, snapshotId: written },
  ];
}

function ranges(responses: readonly Response[]): Range[] {
  const blocks = responses.flatMap(({ blockMetadata }) => blockMetadata);
  return blocks.map(({ byteOffset, sizeBytes }) => ({
    start: Number(byteOffset),
    end: Number(byteOffset + sizeBytes),
  }));
}

/** What holds of the responses of every call. */
function inOrder(responses: readonly Response[]): void {
  const [first] = responses;
  holds(first !== undefined, 'responses for a snapshot with content', 'none');
  const { blockMetadataType, volumeCapacityBytes } = first;
  const known = [BlockMetadataType.FIXED_LENGTH, BlockMetadataType.VARIABLE_LENGTH] as readonly BlockMetadataType[];
  holds(known.includes(blockMetadataType), 'a block_metadata_type', blockMetadataType);
  for (const response of responses) {
    equal(response.blockMetadataType, blockMetadataType, 'the same block_metadata_type in each response');
    equal(response.volumeCapacityBytes, volumeCapacityBytes, 'the same volume_capacity_bytes in each response');
  }
  let position = 0;
  for (const { start, end } of ranges(responses)) {
    holds(start >= position, 'blocks that ascend and do not overlap', `one at ${start} behind ${position}`);
    holds(end > start, 'blocks with a size', `one of ${end - start} bytes at ${start}`);
    position = end;
  }
  holds(position <= volumeCapacityBytes, `blocks within ${volumeCapacityBytes} bytes`, `one that ends at ${position}`);
  const sizes = new Set(ranges(responses).map(({ start, end }) => end - start));
  const fits = blockMetadataType !== BlockMetadataType.FIXED_LENGTH || sizes.size <= 1;
  holds(fits, 'blocks of one size, as FIXED_LENGTH has it', [...sizes]);
}

function covers(told: readonly Range[], what: string): void {
  const whole = merged(told);
  for (const start of WRITTEN) {
    const block = { start, end: start + KIBIBYTES_64 };
    holds(within(block, whole), `${KIBIBYTES_64} bytes at ${start} among the ${what}`, whole);
  }
}

/** Neighbours as one. */
function merged(list: readonly Range[]): Range[] {
  const found: Range[] = [];
  for (const range of [...list].sort((one, other) => one.start - other.start)) {
    const last = found.at(-1);
    if (last === undefined || range.start > last.end) found.push(range);
    else found[found.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
  }
  return found;
}

function within({ start, end }: Range, whole: readonly Range[]): boolean {
  return merged(whole).some((range) => range.start <= start && range.end >= end);
}

/** Without what is before an offset: a block around it may be told from its start. */
function cut(list: readonly Range[], offset: number): Range[] {
  return list.map(({ start, end }) => ({ start: Math.max(start, offset), end }));
}
