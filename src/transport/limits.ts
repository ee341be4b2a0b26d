import { ReceiveBudget } from '../http2/receive-budget.js';

/**
 * What a server or a channel allows its peer, and how long it waits. Sizes in octets, times in milliseconds. The one place
 * of the defaults; docs/defaults.md has the same table.
 */
export interface Limits {
  /** Calls that a peer may have open on one connection. */
  maxConcurrentStreams: number;
  /** Handlers that may run for one connection, those of cancelled calls included. */
  maxRunningHandlers: number;
  /** Octets on their way that were not read yet: for one call, for one connection. */
  streamWindow: number;
  connectionWindow: number;
  /**
   * Unread messages in memory: for one connection. The process's share is `processReceiveBudget`. One message larger than an
   * eighth of it may go beyond it. Default: 32 MiB, or eight messages of the largest size.
   */
  maxBufferedPerConnection: number;
  maxFrameSize: number;
  /** Metadata and other header fields of one section, as RFC 9113 section 6.5.2 counts. */
  maxHeaderListSize: number;
  /** A message after decompression. */
  maxReceiveMessageLength: number;
  maxSendMessageLength: number;
  /** Until the socket is connected. */
  connectTimeout: number;
  /** Until the peer's HTTP/2 SETTINGS came. */
  handshakeTimeout: number;
  /** Until a begun frame or header block is whole. */
  unfinishedTimeout: number;
}

export const defaultLimits: Readonly<Limits> = Object.freeze({
  maxConcurrentStreams: 1_024,
  maxRunningHandlers: 1_024,
  // A local round trip takes well under 0.1 ms: 128 KiB keep a stream busy at over 1 GB/s, and a larger message widens it.
  streamWindow: 128 * 1024,
  connectionWindow: 8 * 1024 * 1024,
  maxBufferedPerConnection: 32 * 1024 * 1024,
  maxFrameSize: 1024 * 1024,
  maxHeaderListSize: 16 * 1024,
  maxReceiveMessageLength: 4 * 1024 * 1024,
  maxSendMessageLength: Number.POSITIVE_INFINITY,
  connectTimeout: 5_000,
  handshakeTimeout: 5_000,
  unfinishedTimeout: 10_000,
});

const ranges: { readonly [Name in keyof Limits]: readonly [number, number] } = {
  maxConcurrentStreams: [1, 2 ** 31 - 1],
  maxRunningHandlers: [1, Number.POSITIVE_INFINITY],
  streamWindow: [1, 2 ** 31 - 1],
  connectionWindow: [65_535, 2 ** 31 - 1],
  maxBufferedPerConnection: [65_536, Number.POSITIVE_INFINITY],
  maxFrameSize: [16_384, 16_777_215],
  maxHeaderListSize: [1_024, 16 * 1024 * 1024],
  maxReceiveMessageLength: [0, 2 ** 32 - 1],
  maxSendMessageLength: [0, Number.POSITIVE_INFINITY],
  connectTimeout: [1, 2 ** 31 - 1],
  handshakeTimeout: [1, 2 ** 31 - 1],
  unfinishedTimeout: [1, 2 ** 31 - 1],
};

/**
 * The defaults with `overrides` in their place.
 *
 * @throws RangeError that names the limit, its value and its range; TypeError for a limit that does not exist.
 */
export function resolveLimits(overrides: Partial<Limits> = {}): Limits {
  const limits: Limits = { ...defaultLimits };
  for (const [name, value] of Object.entries(overrides) as [keyof Limits, number | undefined][]) {
    if (value === undefined) continue;
    if (!(name in ranges)) {
      throw new TypeError(`there is no limit "${name}"; the limits are ${Object.keys(ranges).join(', ')}`);
    }
    const [least, most] = ranges[name];
    const whole = Number.isInteger(value) || value === Number.POSITIVE_INFINITY;
    if (!whole || !(value >= least && value <= most)) {
      const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
      throw new RangeError(`limits.${name} is ${shown}; it must be a whole number from ${least} to ${most}`);
    }
    limits[name] = value;
  }
  if (overrides.maxBufferedPerConnection === undefined) {
    // A message of the largest size must fit into what `ReceiveBudget` keeps for it.
    const { maxBufferedPerConnection, maxReceiveMessageLength } = limits;
    limits.maxBufferedPerConnection = Math.max(maxBufferedPerConnection, 8 * maxReceiveMessageLength);
  }
  return limits;
}

/** Unread messages of all connections of this process: 256 MiB. */
export const processReceiveBudget = new ReceiveBudget(256 * 1024 * 1024);
