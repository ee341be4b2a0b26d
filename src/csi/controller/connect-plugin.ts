import type { ChannelOptions } from '../../client/channel.js';
import { checkSignal } from '../../client/check-signal.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { checkOptionNames, type OptionNames } from '../../options/check-option-names.js';
import { csiEndpoint } from '../csi-endpoint.js';
import { ConnectedPlugin } from './connected-plugin.js';
import type { ConnectionLossPolicy } from './connection-loss.js';

/** A plugin that is waited for. */
export interface PluginProgress {
  /** Its endpoint in its canonical spelling. */
  readonly address: string;
  /** Milliseconds since the wait began. */
  readonly waitedMs: number;
  /** What is missing, in words. */
  readonly reason: string;
}

/** A logger such as pino's. */
export interface ConnectPluginLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ConnectPluginOptions {
  /**
   * Milliseconds until somebody listens at the endpoint; 0 waits for ever. Default 30,000. A plugin that is there may take
   * its time to become ready: `signal` ends that.
   */
  readonly timeoutMs?: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
  /** Milliseconds that a call may take which says nothing of it, and a probe; Infinity: no end. Streams have none. Default 60,000. */
  readonly callTimeoutMs?: number;
  /** What follows when the connection is lost. Default `reconnect`. */
  readonly onConnectionLost?: ConnectionLossPolicy;
  /** Hears that the plugin cannot be used any more; calls fail with the same. Default: the logger. */
  readonly onFailed?: (error: Error) => void;
  /** Called every `progressMs` while the plugin is waited for. Default: the logger. */
  readonly onProgress?: (progress: PluginProgress) => void;
  /** Default: standard error. */
  readonly logger?: ConnectPluginLogger;
  /** Default 10,000. */
  readonly progressMs?: number;
  /** Milliseconds between two probes of a plugin that is not ready. Default 1,000. */
  readonly probeIntervalMs?: number;
  /** Where `exit` writes why, if the file is there. Default `/dev/termination-log`; false: nowhere. */
  readonly terminationLog?: string | false;
  /** Requests that break a rule of CSI are refused here as a plugin would. Default true; false leaves it to the plugin. */
  readonly checkRequests?: boolean;
  /** As of `createPlugin`: bytes that a map of a request may have. Default: any number, that is the plugin's concern. */
  readonly maxMapBytes?: number;
  /** Who the plugin may be, interceptors, keepalive, limits. Default: those of `createChannel`. */
  readonly channel?: Omit<ChannelOptions, 'waitForReady'>;
}

/**
 * Waits for the plugin at `endpoint`, until it is ready, and asks who it is and what it can.
 *
 *     await using plugin = await connectPlugin('unix:///run/csi/socket');
 *     await plugin.controller.createVolume({ ... });
 *
 * Rejects with RpcError: DEADLINE_EXCEEDED when nobody is there in time, CANCELLED by `signal`, PERMISSION_DENIED when the
 * two do not accept each other, FAILED_PRECONDITION for a plugin with an empty name, and as the plugin answers its probe and
 * the questions. EndpointError, TypeError and RangeError for arguments that do not fit.
 *
 * @param endpoint default: the environment variable CSI_ENDPOINT, else `unix:///run/csi/socket`.
 */
export async function connectPlugin(
  endpoint: string | Endpoint = csiEndpoint(),
  options: ConnectPluginOptions = {},
): Promise<ConnectedPlugin> {
  checkOptions(options);
  return ConnectedPlugin.connect(endpoint, options);
}

const connectPluginOptionNames: OptionNames<ConnectPluginOptions> = {
  timeoutMs: true,
  signal: true,
  callTimeoutMs: true,
  onConnectionLost: true,
  onFailed: true,
  onProgress: true,
  logger: true,
  progressMs: true,
  probeIntervalMs: true,
  terminationLog: true,
  checkRequests: true,
  maxMapBytes: true,
  channel: true,
};

function checkOptions(options: ConnectPluginOptions): void {
  checkOptionNames('connectPlugin', options, connectPluginOptionNames);
  const { signal, onConnectionLost = 'reconnect', terminationLog, checkRequests, logger } = options;
  if (signal !== undefined) checkSignal(signal);
  for (const name of ['onFailed', 'onProgress'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function') {
      throw new TypeError(`${name} must be a function, not ${String(options[name])}`);
    }
  }
  if (
    logger !== undefined &&
    (['info', 'warn', 'error'] as const).some((name) => typeof logger?.[name] !== 'function')
  ) {
    throw new TypeError('logger must have the functions info, warn and error, as pino has');
  }
  if (terminationLog !== undefined && terminationLog !== false && typeof terminationLog !== 'string') {
    throw new TypeError(`terminationLog is the path of a file, or false, not ${String(terminationLog)}`);
  }
  if (checkRequests !== undefined && typeof checkRequests !== 'boolean') {
    throw new TypeError(`checkRequests is true or false, not ${String(checkRequests)}`);
  }
  for (const name of ['timeoutMs', 'callTimeoutMs', 'progressMs', 'probeIntervalMs', 'maxMapBytes'] as const) {
    const value = options[name] ?? 1;
    if (typeof value === 'number' && (value > 0 || (name === 'timeoutMs' && value === 0))) continue;
    throw new RangeError(`${name} is ${value}; it must be a number more than 0`);
  }
  if (typeof onConnectionLost === 'function' || ['reconnect', 'exit', 'fail'].includes(onConnectionLost)) return;
  throw new TypeError("onConnectionLost is 'reconnect', 'exit', 'fail' or a function that returns one of them");
}
