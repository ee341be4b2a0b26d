import type { Attack } from '../../bench/harness/attack.js';

/** An attack, and what has to come of it. */
export interface TestedAttack extends Attack {
  /**
   * What the offender is told on the wire: `GOAWAY ENHANCE_YOUR_CALM`, `RST_STREAM REFUSED_STREAM`, `grpc-status 8`. None
   * when it does not read, or breaks no rule and is served within its limits.
   */
  readonly answer?: string;
  /** Part of the reason for which the server ends its connections. */
  readonly reason?: string;
  /** How many connections it makes before the others are looked after. Default 1. */
  readonly connections?: number;
}
