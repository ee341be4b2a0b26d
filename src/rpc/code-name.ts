import { Code } from './code.js';

const names = Object.keys(Code);

/** `NOT_FOUND` for 5; a number that gRPC does not define prints as `CODE(37)`. */
export function codeName(code: number): string {
  // The codes are dense and declared in order, so the position is the number.
  return names[code] ?? `CODE(${code})`;
}
