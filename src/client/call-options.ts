import type { OptionNames } from '../options/check-option-names.js';
import type { Metadata, MetadataInit } from '../rpc/metadata.js';

/** What a caller may say about one call. */
export interface CallOptions {
  /** Milliseconds until the call fails with DEADLINE_EXCEEDED, counted from now. */
  readonly timeoutMs?: number;
  /** The moment at which it does, as a Date or milliseconds since the epoch. With `timeoutMs`, the earlier one counts. */
  readonly deadline?: Date | number;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  readonly metadata?: MetadataInit;
  /** Wait until the server is there, as long as the deadline allows, instead of failing with UNAVAILABLE. Default: the channel's. */
  readonly waitForReady?: boolean;
  /** Compresses the request messages. Default: the channel's. */
  readonly compression?: 'identity' | 'gzip';
  /** Called with the metadata that the server sends before its first message. */
  readonly onHeader?: (header: Metadata) => void;
  /** Called with the metadata that the server sends at the end, also when the call fails with a status of the server's. */
  readonly onTrailer?: (trailer: Metadata) => void;
}

export const callOptionNames: OptionNames<CallOptions> = {
  timeoutMs: true,
  deadline: true,
  signal: true,
  metadata: true,
  waitForReady: true,
  compression: true,
  onHeader: true,
  onTrailer: true,
};
