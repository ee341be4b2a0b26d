import { hasLibc } from '../../socket/has-libc.js';
import { errnoName, libc } from '../../socket/libc.js';
import type { ByteRange } from './byte-range.js';

/** Holes that are smaller cost more to jump over than to read. */
const SMALL_HOLE = 64 * 1024;
/** No more is asked of the file system in one go, however many holes a file has. */
const ENOUGH = 1024 * 1024;

/**
 * The next part of an open file, from `position` on, that may hold something else than zeros; undefined when there is none
 * before `end`. It is what the file system has blocks for (SEEK_DATA of lseek(2)), small holes included, which costs no
 * reading, or all that is left where that cannot be asked: Node has no lseek, and koffi may be missing.
 */
export function nextData(fd: number, position: number, end: number): ByteRange | undefined {
  if (position >= end) return undefined;
  if (!hasLibc('a file')) return { start: position, end };
  const start = libc().seekData(fd, position);
  if (start < 0) return errnoName(start) === 'ENXIO' ? undefined : { start: position, end };
  if (start >= end) return undefined;
  for (let data = start; ; ) {
    const hole = libc().seekHole(fd, data);
    if (hole < 0 || hole >= end) return { start, end };
    data = hole - start < ENOUGH ? libc().seekData(fd, hole) : -1;
    if (data < 0 || data >= end || data - hole > SMALL_HOLE) return { start, end: hole };
  }
}
