/** A part of a file, in bytes; `end` does not belong to it. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}
