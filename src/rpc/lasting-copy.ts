const SLAB_LENGTH = 32 * 1024;
/** What is longer gets memory of its own, so that little of a slab is wasted and little is kept alive by what lies beside it. */
const LONGEST_IN_SLAB = SLAB_LENGTH / 8;
/** Up to here a loop is faster than a view to copy from. */
const SHORT = 64;

const EMPTY = new Uint8Array(0);

let slab = EMPTY;
let memory = slab.buffer;
let used = 0;

/** A copy of `bytes[from, to)`, in memory that is never written again: views into it may be kept. */
export function lastingCopy(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const length = to - from;
  if (length === 0) return EMPTY;
  if (length > LONGEST_IN_SLAB) {
    const copy = Buffer.allocUnsafeSlow(length);
    copy.set(bytes.subarray(from, to));
    return copy;
  }
  if (used + length > slab.length) {
    slab = Buffer.allocUnsafeSlow(SLAB_LENGTH);
    memory = slab.buffer as ArrayBuffer;
    used = 0;
  }
  const start = used;
  used += length;
  if (length > SHORT) slab.set(bytes.subarray(from, to), start);
  else for (let index = 0; index < length; index++) slab[start + index] = bytes[from + index] as number;
  // Not `subarray`, which makes a Buffer: that takes twice as long.
  return new Uint8Array(memory, start, length);
}
