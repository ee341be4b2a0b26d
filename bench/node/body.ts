const all = Buffer.alloc(8 * 1024 * 1024, 'a');

/** A payload: a view of octets that all payloads share. */
export function body(bytes: number): Buffer {
  return all.subarray(0, bytes);
}
