import { Code } from '../rpc/code.js';

/** How many calls there were, and how they ended. */
export interface CallCounts {
  readonly callsStarted: number;
  /** Ended with OK. */
  readonly callsSucceeded: number;
  /** Ended with any other code. */
  readonly callsFailed: number;
  /** Of those that failed: with CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE. */
  readonly callsCancelled: number;
  readonly callsDeadlineExceeded: number;
  readonly callsUnavailable: number;
}

/** Counts calls. Its own properties are the counts, so a copy is `{ ...counters }`. */
export class CallCounters implements CallCounts {
  callsStarted = 0;
  callsSucceeded = 0;
  callsFailed = 0;
  callsCancelled = 0;
  callsDeadlineExceeded = 0;
  callsUnavailable = 0;

  callEnded(code: Code): void {
    if (code === Code.OK) {
      this.callsSucceeded++;
      return;
    }
    this.callsFailed++;
    if (code === Code.CANCELLED) this.callsCancelled++;
    else if (code === Code.DEADLINE_EXCEEDED) this.callsDeadlineExceeded++;
    else if (code === Code.UNAVAILABLE) this.callsUnavailable++;
  }
}
