/** @throws RangeError when it is no time that calls can be given to finish. */
export function checkGrace(name: string, milliseconds: number): void {
  if (milliseconds >= 0) return;
  throw new RangeError(
    `${name} is ${milliseconds}; it must be 0 milliseconds or more, Infinity to wait for every call`,
  );
}
