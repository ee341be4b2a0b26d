import type { Timestamp } from '../../../gen/google/protobuf/timestamp.js';

/** @param ms milliseconds since 1970. */
export function describeTime(ms: number): Timestamp {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 };
}
