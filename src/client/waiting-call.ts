import type { Transport } from '../transport/transport.js';

/** What a channel needs of a call that asks it for a place on a connection. */
export interface WaitingCall {
  /** Waits for the server instead of failing when it cannot be reached. */
  readonly waitForReady: boolean;
  /** There is a connection with room for the call. */
  begin(transport: Transport): void;
  /** The channel cannot place the call. */
  fail(error: unknown): void;
}
