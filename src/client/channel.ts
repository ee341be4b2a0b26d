import type { Endpoint } from '../endpoint/endpoint.js';
import { parseEndpoint } from '../endpoint/parse-endpoint.js';
import { printEndpoint } from '../endpoint/print-endpoint.js';
import { checkOptionNames, type OptionNames } from '../options/check-option-names.js';
import { checkProtectable } from '../socket/check-protectable.js';
import type { Peer } from '../socket/peer.js';
import { checkPolicy, type PeerPolicy } from '../socket/peer-policy.js';
import type { KeepaliveOptions } from '../transport/keepalive.js';
import { type ChannelLimits, defaultChannelLimits } from '../transport/limits.js';
import { socketConnector } from '../transport/socket-connector.js';
import { type BackoffOptions, backoffOptionNames } from './backoff.js';
import type { ChannelCounts } from './channel-counters.js';
import { ClientChannel } from './client-channel.js';
import type { ClientInterceptor } from './client-interceptor.js';

export interface ChannelOptions {
  /** Calls wait for the server instead of failing with UNAVAILABLE. Default false. */
  readonly waitForReady?: boolean;
  /**
   * Who the server may be. Default on an abstract name: our own user or root, because anybody can take a name. Default on a
   * path: whoever may make a file there; with `protectedPath` as on a name.
   */
  readonly allowServer?: PeerPolicy;
  /**
   * Only a path that nobody but root, our own user and the allowed server could have made lead elsewhere: they own every
   * folder, link and the socket itself, and no folder may be written by others, unless it is sticky. Needs Linux, koffi and
   * /proc, and calls fail without. Default false.
   */
  readonly protectedPath?: boolean;
  /** Around all calls, the first one outermost. Default: none. */
  readonly interceptors?: readonly ClientInterceptor[];
  /** What the server is allowed, and how long connecting may take. */
  readonly limits?: Partial<ChannelLimits>;
  /** Pings while calls wait for a silent server. Default: off. */
  readonly keepalive?: KeepaliveOptions;
  readonly backoff?: BackoffOptions;
  /** Compresses request messages. Default `identity`: for a local socket it is faster than gzip. */
  readonly compression?: 'identity' | 'gzip';
  /** Goes before podwire's own name in `user-agent`. */
  readonly userAgent?: string;
}

export const channelOptionNames: OptionNames<ChannelOptions> = {
  waitForReady: true,
  allowServer: true,
  protectedPath: true,
  interceptors: true,
  limits: defaultChannelLimits,
  keepalive: true,
  backoff: backoffOptionNames,
  compression: true,
  userAgent: true,
};

/** As in gRPC's connectivity semantics; `idle` is a channel whose connection was not asked for or ended. */
export type ChannelState = 'idle' | 'connecting' | 'ready' | 'transient-failure' | 'shutdown';

/**
 * The way to one server. It connects when the first call needs it and again after the connection was lost; it is shared by
 * any number of clients. Made by `createChannel`.
 */
export interface Channel extends AsyncDisposable {
  /** The endpoint in its canonical spelling. */
  readonly address: string;
  readonly state: ChannelState;
  /** The server's process, while connected. */
  readonly peer: Peer | undefined;
  /** What happened since it was made, as of now: a copy. */
  readonly counters: ChannelCounts;
  /**
   * Connects, and keeps trying until the server is there.
   *
   * Rejects with RpcError: DEADLINE_EXCEEDED after `timeoutMs`, CANCELLED by `signal`, PERMISSION_DENIED when server and
   * client do not accept each other. TypeError for a `signal` or a `timeoutMs` that is none.
   */
  ready(options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<void>;
  /**
   * Ends the channel: waiting calls fail with UNAVAILABLE, open ones may go on for `graceMs` (default 0: they fail at once),
   * then the connection is closed. Resolves when it is. Called again, a shorter grace counts.
   *
   * @throws RangeError for a grace that is no time.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/**
 * The way to the server at `endpoint`. Nothing is dialed before the first call or `ready()`.
 *
 * @throws EndpointError for a spelling that is not clear; RangeError or TypeError for options that do not fit; SocketError
 * for `protectedPath` on an abstract name.
 */
export function createChannel(endpoint: string | Endpoint, options: ChannelOptions = {}): Channel {
  const parsed = parseEndpoint(endpoint);
  checkOptionNames('a channel', options, channelOptionNames);
  const timeoutMs = options.limits?.connectTimeoutMs;
  const { allowServer, protectedPath } = options;
  if (allowServer !== undefined) checkPolicy('allowServer', allowServer);
  if (protectedPath) checkProtectable(parsed);
  const connector = socketConnector(parsed, { timeoutMs, allowServer, protectedPath });
  return new ClientChannel(printEndpoint(parsed), connector, options);
}
