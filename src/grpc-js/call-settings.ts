import type { ChannelOptions as GrpcJsOptions } from '@grpc/grpc-js';
import type { ChannelOptions } from '../client/channel.js';
import { LONGEST_TIMER } from '../transport/longest-timer.js';
import { parseServiceConfig, type ServiceConfig } from './service-config.js';

/** What the options of a grpc-js channel mean for its calls. Lengths in octets. */
export interface CallSettings {
  readonly maxReceiveMessageLength: number;
  readonly maxSendMessageLength: number;
  readonly encoding: 'identity' | 'gzip';
  readonly authority: string | undefined;
  readonly primaryUserAgent: string | undefined;
  readonly secondaryUserAgent: string | undefined;
  readonly serviceConfig: ServiceConfig | undefined;
}

/** As gRPC has it when nothing is said. */
const DEFAULT_RECEIVE_LENGTH = 4 * 1024 * 1024;

/** Message-Length has 32 bits. */
const LARGEST = 2 ** 32 - 1;

/** Options that change what calls do, and that nothing here heeds. */
const unheeded = ['grpc.http_connect_target', 'grpc.ssl_target_name_override'] as const;

/** Said once a process. */
const warned = new Set<string>();

/**
 * Reads the options that concern single calls.
 *
 * @throws RangeError for a compression algorithm that podwire does not have; TypeError for such a service config.
 */
export function callSettings(options: GrpcJsOptions): CallSettings {
  const config = options['grpc.service_config'];
  const retries = options['grpc.enable_retries'];
  const attemptsLimit = options['grpc-node.retry_max_attempts_limit'];
  const ignored = unheeded.filter((name) => options[name] !== undefined);
  const names = ignored.join(', ');
  if (names !== '' && !warned.has(names)) {
    warned.add(names);
    process.emitWarning(`a grpc-js client over podwire ignores the channel options ${names}`);
  }
  return {
    maxReceiveMessageLength: length(options['grpc.max_receive_message_length'], DEFAULT_RECEIVE_LENGTH),
    maxSendMessageLength: length(options['grpc.max_send_message_length'], LARGEST),
    encoding: encoding(options['grpc.default_compression_algorithm']),
    authority: options['grpc.default_authority'],
    primaryUserAgent: options['grpc.primary_user_agent'],
    secondaryUserAgent: options['grpc.secondary_user_agent'],
    serviceConfig: config === undefined ? undefined : parseServiceConfig(config, retries === 0 ? 1 : attemptsLimit),
  };
}

/** What the options that concern the connection are in podwire's words; `own` counts where both say something. */
export function connectionOptions(options: GrpcJsOptions, own: ChannelOptions): ChannelOptions {
  const timeMs = options['grpc.keepalive_time_ms'];
  const keepalive = timeMs !== undefined &&
    timeMs > 0 &&
    // gRPC writes "never" as a number beyond.
    timeMs < LONGEST_TIMER && {
      timeMs: Math.max(timeMs, 10),
      timeoutMs: options['grpc.keepalive_timeout_ms'],
      permitWithoutCalls: options['grpc.keepalive_permit_without_calls'] === 1,
    };
  const backoff = {
    firstMs: pause(options['grpc.initial_reconnect_backoff_ms']),
    longestMs: pause(options['grpc.max_reconnect_backoff_ms']),
  };
  const streamWindow = options['grpc-node.flow_control_window'];
  return {
    ...own,
    keepalive: own.keepalive ?? (keepalive || undefined),
    backoff: own.backoff ?? backoff,
    limits: { ...(streamWindow !== undefined && { streamWindow }), ...own.limits },
  };
}

/** A channel of podwire pauses for at least 1 ms and at most a day. */
function pause(option: number | undefined): number | undefined {
  return option === undefined ? undefined : Math.min(Math.max(option, 1), 24 * 60 * 60 * 1_000);
}

/** In gRPC's options -1 is no limit. */
function length(option: number | undefined, fallback: number): number {
  if (option === undefined) return fallback;
  return option < 0 ? LARGEST : Math.min(option, LARGEST);
}

function encoding(algorithm: number | undefined): 'identity' | 'gzip' {
  // The numbers of grpc-js's `compressionAlgorithms`.
  if (algorithm === undefined || algorithm === 0) return 'identity';
  if (algorithm === 2) return 'gzip';
  throw new RangeError(`grpc.default_compression_algorithm ${algorithm}: podwire has identity (0) and gzip (2)`);
}
