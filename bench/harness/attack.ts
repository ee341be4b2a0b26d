import type { Socket } from 'node:net';

/** One way to misuse a server, for the scenario "under attack". Its module exports it as `attack`. */
export interface Attack {
  /** A few words for the table: `rapid reset`. */
  readonly name: string;
  /**
   * Attacks as hard as it can, without an end, until `signal` is aborted. A connection that the server closes is an answer
   * to expect: connect again.
   *
   * @param connect opens one more connection to the server. The attack owns it and its errors.
   */
  run(connect: () => Promise<Socket>, signal: AbortSignal): Promise<void>;
}
