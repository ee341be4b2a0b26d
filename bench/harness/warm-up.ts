/**
 * How long programs take until their rate does not rise any more: `short` what is machine code when it starts, `long` what
 * has very much JavaScript to compile.
 */
export type WarmUp = 'short' | 'long';

/** Seconds at most: the connections and the memory of a compiled program have nothing else to wait for. */
const SHORT = 0.3;

/** How much longer than usual: grpc-js makes twice as many calls after four seconds as after one, and no more after eight. */
const LONG = 3.5;

/** @param usual in seconds, as the result is. */
export function warmUpSeconds(usual: number, kind: WarmUp | undefined): number {
  if (kind === 'short') return Math.min(usual, SHORT);
  return kind === 'long' ? usual * LONG : usual;
}
