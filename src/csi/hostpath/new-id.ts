import { randomBytes } from 'node:crypto';

const COUNTER_DIGITS = 4;
const COUNTER_END = 16 ** COUNTER_DIGITS;

let latestMs = 0;
let counter = 0;

/**
 * An id such as `vol-019a9d3c41f70000b2c4e6a81d3f5079`. Later ones sort behind earlier ones, as far as the clock goes
 * forward; within a process always. Ids are lower-case, safe as file names, and never given twice.
 */
export function newId(prefix: 'vol' | 'snap' | 'group', now = Date.now()): string {
  if (now > latestMs) {
    latestMs = now;
    counter = 0;
  } else if (++counter === COUNTER_END) {
    latestMs++;
    counter = 0;
  }
  const time = latestMs.toString(16).padStart(12, '0');
  return `${prefix}-${time}${counter.toString(16).padStart(COUNTER_DIGITS, '0')}${randomBytes(8).toString('hex')}`;
}
