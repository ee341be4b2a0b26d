import { hasLibc } from '../../socket/has-libc.js';
import { errnoName, libc } from '../../socket/libc.js';
import type { ByteRange } from './byte-range.js';

/**
 * The next part of an open file, from `position` on, that may hold something else than zeros; undefined when there is none
 * before `end`. It is what the file system has blocks for (SEEK_DATA of lseek(2)), which costs no reading, or all that is
 * left where that cannot be asked: Node has no lseek, and koffi may be missing.
 */
export function nextData(fd: number, position: number, end: number): ByteRange | undefined {
  if (position >= end) return undefined;
  if (!hasLibc('a file')) return { start: position, end };
  const start = libc().seekData(fd, position);
  if (start < 0) return errnoName(start) === 'ENXIO' ? undefined : { start: position, end };
  if (start >= end) return undefined;
  const hole = libc().seekHole(fd, start);
  return { start, end: hole < 0 ? end : Math.min(hole, end) };
}
