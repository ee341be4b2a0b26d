import type { CompiledMethod } from '../rpc/compile-service.js';
import type { Metadata } from '../rpc/metadata.js';
import type { Peer } from '../socket/peer.js';

/** What a handler knows about its call, and what it can say beside its messages. */
export interface ServerContext {
  /** The process that calls, as the kernel knows it: `uid` and `gid` may decide, `pid` only informs. */
  readonly peer: Peer;
  readonly method: CompiledMethod;
  /** What the caller sent. */
  readonly metadata: Metadata;
  /** Sent before the first message, or with `sendHeader`; what is added later is not sent. */
  readonly header: Metadata;
  /** Sent with the status, at the end. */
  readonly trailer: Metadata;
  /** When the caller stops waiting; undefined when it waits for ever. */
  readonly deadline: Date | undefined;
  /** Aborted when the call is over for its caller: it cancelled or is gone, the deadline passed, or the server's grace did. */
  readonly signal: AbortSignal;
  /** Aborted when the server begins to shut down: the moment for a long stream to end, so that it does not use up the grace. */
  readonly stopping: AbortSignal;
  /**
   * Compresses the responses that are sent from now on, if the caller accepts it. Default: the server's. The header names
   * the encoding: a call that was begun with gzip can go without it for some of its messages, and back to it.
   *
   * @throws Error when gzip is chosen after the header was sent without it.
   */
  compression: 'identity' | 'gzip';
  /**
   * Sends `header` now, and not with the first message. Without effect when it was sent, or the call is over.
   *
   * @throws RpcError RESOURCE_EXHAUSTED when it is larger than the caller allows.
   */
  sendHeader(): void;
}
