import type { FileHandle } from 'node:fs/promises';
import type { ByteRange } from '../byte-range.js';
import { nextData } from '../next-data.js';
import { readFully } from '../read-fully.js';

/** What differs is told in blocks of this size, as the usual file systems have them. */
const BLOCK = 4096;
const CHUNK = 256 * BLOCK;

export interface DifferingRangesOptions extends ByteRange {
  /** Stops it; the iteration rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

/**
 * Where `target` has other content than `base`, or than nothing but zeros when there is no base: in whole blocks, neighbours
 * as one range, in ascending order. The first one may begin before `start`, in the block that `start` is in; none goes
 * beyond `end`. What lies behind the end of a file counts as zeros.
 *
 * Holes of both are not read, and what is read is held in one piece of 1 MiB for each file.
 */
export async function* differingRanges(
  target: FileHandle,
  base: FileHandle | undefined,
  { start, end, signal }: DifferingRangesOptions,
): AsyncGenerator<ByteRange, void, undefined> {
  // Its block would end where it begins.
  if (start === end) return;
  const compare = base === undefined ? comparerWithZeros(target) : comparerOf(target, base);
  let range: ByteRange | undefined;
  for (let position = start - (start % BLOCK); ; ) {
    signal.throwIfAborted();
    const data = firstOf(nextData(target.fd, position, end), base && nextData(base.fd, position, end));
    if (data === undefined) break;
    const from = data.start - (data.start % BLOCK);
    const to = Math.min(Math.ceil(data.end / BLOCK) * BLOCK, from + CHUNK, end);
    const differs = await compare(from, to);
    for (let block = from; block < to; block += BLOCK) {
      if (!differs(block - from)) continue;
      const blockEnd = Math.min(block + BLOCK, to);
      if (range?.end === block) range = { start: range.start, end: blockEnd };
      else {
        if (range !== undefined) yield range;
        range = { start: block, end: blockEnd };
      }
    }
    position = to;
  }
  if (range !== undefined) yield range;
}

/** Reads from `from` to `to`, at most a chunk, and tells of each block by its distance whether it differs. */
type Compare = (from: number, to: number) => Promise<(distance: number) => boolean>;

function comparerWithZeros(target: FileHandle): Compare {
  const content = Buffer.allocUnsafe(CHUNK);
  const zeros = Buffer.alloc(BLOCK);
  return async (from, to) => {
    await readFully(target, content.subarray(0, to - from), from);
    return (distance) => {
      const length = Math.min(BLOCK, to - from - distance);
      return content.compare(zeros, 0, length, distance, distance + length) !== 0;
    };
  };
}

function comparerOf(target: FileHandle, base: FileHandle): Compare {
  const now = Buffer.allocUnsafe(CHUNK);
  const before = Buffer.allocUnsafe(CHUNK);
  return async (from, to) => {
    const length = to - from;
    await Promise.all([
      readFully(target, now.subarray(0, length), from),
      readFully(base, before.subarray(0, length), from),
    ]);
    return (distance) => {
      const end = Math.min(distance + BLOCK, length);
      return now.compare(before, distance, end, distance, end) !== 0;
    };
  };
}

function firstOf(one: ByteRange | undefined, other: ByteRange | undefined): ByteRange | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.start <= other.start ? one : other;
}
