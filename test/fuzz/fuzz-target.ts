import type { Random } from './random.js';

/** A part of podwire that takes what peers say. */
export interface FuzzTarget {
  readonly name: string;
  /** Makes one input of what `random` says, and tries it. @throws when something is not as it must be. */
  run(random: Random): void;
}
