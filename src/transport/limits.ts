import type { ConnectionOptions } from '../http2/connection.js';
import { ReceiveBudget } from '../http2/receive-budget.js';
import { likeliest } from '../options/check-option-names.js';

/**
 * What either side allows its peer, and how long it waits. Sizes in octets. This is the one place of the defaults;
 * docs/defaults.md has the same table.
 */
export interface Limits {
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
  /** Milliseconds until the peer's HTTP/2 SETTINGS came. */
  handshakeTimeoutMs: number;
  /** Milliseconds until a begun frame or header block is whole. */
  unfinishedTimeoutMs: number;
}

/** What a server allows each of its clients. */
export interface ServerLimits extends Limits {
  /** Calls that a client may have open on one connection. */
  maxConcurrentStreams: number;
  /** Handlers that may run for one connection, those of cancelled calls included. */
  maxRunningHandlers: number;
}

/** What a channel allows its server. */
export interface ChannelLimits extends Limits {
  /** Milliseconds until the socket is connected. */
  connectTimeoutMs: number;
}

const defaults: Readonly<Limits> = {
  // A local round trip takes well under 0.1 ms: 128 KiB keep a stream busy at over 1 GB/s, and a larger message widens it.
  streamWindow: 128 * 1024,
  connectionWindow: 8 * 1024 * 1024,
  maxBufferedPerConnection: 32 * 1024 * 1024,
  maxFrameSize: 1024 * 1024,
  maxHeaderListSize: 16 * 1024,
  maxReceiveMessageLength: 4 * 1024 * 1024,
  maxSendMessageLength: Number.POSITIVE_INFINITY,
  handshakeTimeoutMs: 5_000,
  unfinishedTimeoutMs: 10_000,
};

export const defaultServerLimits: Readonly<ServerLimits> = Object.freeze({
  ...defaults,
  maxConcurrentStreams: 1_024,
  maxRunningHandlers: 1_024,
});

export const defaultChannelLimits: Readonly<ChannelLimits> = Object.freeze({ ...defaults, connectTimeoutMs: 5_000 });

const ranges: { readonly [Name in keyof (ServerLimits & ChannelLimits)]: readonly [number, number] } = {
  streamWindow: [1, 2 ** 31 - 1],
  connectionWindow: [65_535, 2 ** 31 - 1],
  maxBufferedPerConnection: [65_536, Number.POSITIVE_INFINITY],
  maxFrameSize: [16_384, 16_777_215],
  maxHeaderListSize: [1_024, 16 * 1024 * 1024],
  maxReceiveMessageLength: [0, 2 ** 32 - 1],
  maxSendMessageLength: [0, Number.POSITIVE_INFINITY],
  handshakeTimeoutMs: [1, 2 ** 31 - 1],
  unfinishedTimeoutMs: [1, 2 ** 31 - 1],
  maxConcurrentStreams: [1, 2 ** 31 - 1],
  maxRunningHandlers: [1, Number.POSITIVE_INFINITY],
  connectTimeoutMs: [1, 2 ** 31 - 1],
};

/** The defaults of a server with `overrides` in their place. Throws as `resolveLimits`. */
export function resolveServerLimits(overrides?: Partial<ServerLimits>): ServerLimits {
  return resolveLimits('a server', defaultServerLimits, overrides);
}

/** The defaults of a channel with `overrides` in their place. Throws as `resolveLimits`. */
export function resolveChannelLimits(overrides?: Partial<ChannelLimits>): ChannelLimits {
  return resolveLimits('a channel', defaultChannelLimits, overrides);
}

/**
 * `initial` with `overrides` in their place.
 *
 * @param owner whose limits they are, for errors: `a server`.
 * @throws RangeError that names the limit, its value and its range; TypeError for a limit that is not one of `initial`.
 */
export function resolveLimits<Own extends Partial<ServerLimits & ChannelLimits>>(
  owner: string,
  initial: Readonly<Own>,
  overrides: Partial<Own> = {},
): Own {
  const limits: Own = { ...initial };
  for (const [name, value] of Object.entries(overrides) as [keyof typeof ranges, number | undefined][]) {
    if (value === undefined) continue;
    if (!Object.hasOwn(initial, name)) {
      const names = Object.keys(initial);
      const meant = likeliest(name, names);
      const hint = meant === undefined ? `its limits are ${names.join(', ')}` : `write ${meant}`;
      throw new TypeError(`${owner} has no limit "${name}"; ${hint}`);
    }
    const [least, most] = ranges[name];
    const whole = Number.isInteger(value) || value === Number.POSITIVE_INFINITY;
    if (!whole || !(value >= least && value <= most)) {
      const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
      throw new RangeError(`limits.${name} is ${shown}; it must be a whole number from ${least} to ${most}`);
    }
    (limits as Partial<ServerLimits & ChannelLimits>)[name] = value;
  }
  const { maxBufferedPerConnection, maxReceiveMessageLength } = limits;
  if (overrides.maxBufferedPerConnection === undefined && maxBufferedPerConnection && maxReceiveMessageLength) {
    // A message of the largest size must fit into what `ReceiveBudget` keeps for it.
    limits.maxBufferedPerConnection = Math.max(maxBufferedPerConnection, 8 * maxReceiveMessageLength);
  }
  return limits;
}

type Http2Limits = Omit<ConnectionOptions, 'role' | 'outputLimit' | 'budget'>;

/** What HTTP/2 needs to know of them. A client takes no streams; that of a server bounds the resets it may be made to send. */
export function http2Limits(limits: Limits & Partial<ServerLimits>): Http2Limits {
  const { maxConcurrentStreams = defaultServerLimits.maxConcurrentStreams } = limits;
  const { streamWindow, connectionWindow, maxFrameSize, maxHeaderListSize } = limits;
  return {
    maxConcurrentStreams,
    streamWindow,
    connectionWindow,
    maxFrameSize,
    maxHeaderListSize,
    handshakeTimeout: limits.handshakeTimeoutMs,
    unfinishedTimeout: limits.unfinishedTimeoutMs,
  };
}

/** Unread messages of all connections of this process: 256 MiB. */
export const processReceiveBudget = new ReceiveBudget(256 * 1024 * 1024);
