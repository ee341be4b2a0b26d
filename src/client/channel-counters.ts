import { CallCounters, type CallCounts } from '../transport/call-counters.js';

/** What happened to a channel since it was made. Every number only grows; `connected` without `disconnected` is what is open. */
export interface ChannelCounts extends CallCounts {
  readonly connectAttempts: number;
  /** Attempts that succeeded. */
  readonly connected: number;
  /** Attempts that failed. */
  readonly connectFailed: number;
  /** Connections that are over. */
  readonly disconnected: number;
  /** Of those: they broke, or one side broke a rule. */
  readonly lost: number;
  readonly goawaysReceived: number;
  /** How often a call was made again that the server had not looked at. */
  readonly transparentRetries: number;
}

export class ChannelCounters extends CallCounters implements ChannelCounts {
  connectAttempts = 0;
  connected = 0;
  connectFailed = 0;
  disconnected = 0;
  lost = 0;
  goawaysReceived = 0;
  transparentRetries = 0;
}
