import { Code } from '../rpc/code.js';

/** When a call that failed before the server answered is made again (gRFC A6). Times in milliseconds. */
export interface RetryPolicy {
  /** With the first one. */
  readonly maxAttempts: number;
  readonly initialBackoff: number;
  readonly maxBackoff: number;
  readonly backoffMultiplier: number;
  readonly codes: ReadonlySet<number>;
}

/** What a service config says of a method. */
export interface MethodConfig {
  readonly timeoutMs: number | undefined;
  readonly waitForReady: boolean | undefined;
  readonly retryPolicy: RetryPolicy | undefined;
}

/** What a service config says of the method at a path, `/podinfo.v1.PodInfo/Describe`. */
export type ServiceConfig = (path: string) => MethodConfig | undefined;

/** As grpc-js: more attempts are cut to it, if the option `grpc-node.retry_max_attempts_limit` says nothing. */
const MOST_ATTEMPTS = 5;

interface JsonMethodConfig {
  readonly name?: readonly { readonly service?: string; readonly method?: string }[];
  readonly timeout?: unknown;
  readonly waitForReady?: boolean;
  readonly retryPolicy?: Readonly<Record<string, unknown>>;
}

/**
 * Reads the JSON of the option `grpc.service_config`: timeout, waitForReady and retryPolicy of methods.
 *
 * @throws TypeError for what is not valid, or that podwire does not have: hedging and retry throttling.
 */
export function parseServiceConfig(json: string, mostAttempts = MOST_ATTEMPTS): ServiceConfig {
  const { methodConfig = [], retryThrottling } = parse(json) as {
    readonly methodConfig?: readonly JsonMethodConfig[];
    readonly retryThrottling?: unknown;
  };
  if (retryThrottling !== undefined) throw invalid('retryThrottling, which podwire does not have');
  const configs = new Map<string, MethodConfig>();
  for (const { name = [], timeout, waitForReady, retryPolicy, ...rest } of methodConfig) {
    if ('hedgingPolicy' in rest) throw invalid('a hedgingPolicy, which podwire does not have');
    const config: MethodConfig = {
      timeoutMs: timeout === undefined ? undefined : milliseconds(timeout, 'timeout'),
      waitForReady,
      retryPolicy: retryPolicy && readRetryPolicy(retryPolicy, mostAttempts),
    };
    for (const { service = '', method = '' } of name) configs.set(`/${service}/${method}`, config);
  }
  return (path) => configs.get(path) ?? configs.get(path.slice(0, path.lastIndexOf('/') + 1)) ?? configs.get('//');
}

function parse(json: string): object {
  try {
    return Object(JSON.parse(json)) as object;
  } catch (error) {
    throw invalid(`no JSON: ${(error as Error).message}`);
  }
}

function readRetryPolicy(policy: Readonly<Record<string, unknown>>, mostAttempts: number): RetryPolicy {
  const { maxAttempts, initialBackoff, maxBackoff, backoffMultiplier, retryableStatusCodes } = policy;
  if (!Number.isInteger(maxAttempts) || Number(maxAttempts) < 2) throw invalid(`maxAttempts ${maxAttempts}`);
  if (!(Number(backoffMultiplier) > 0)) throw invalid(`backoffMultiplier ${backoffMultiplier}`);
  if (!Array.isArray(retryableStatusCodes) || retryableStatusCodes.length === 0) {
    throw invalid('a retryPolicy without retryableStatusCodes');
  }
  return {
    maxAttempts: Math.min(Number(maxAttempts), mostAttempts),
    initialBackoff: milliseconds(initialBackoff, 'initialBackoff'),
    maxBackoff: milliseconds(maxBackoff, 'maxBackoff'),
    backoffMultiplier: Number(backoffMultiplier),
    codes: new Set(retryableStatusCodes.map(statusCode)),
  };
}

/** A name as in JSON, or a number as grpc-js also takes it. */
function statusCode(code: unknown): number {
  if (typeof code === 'number' && Object.values<number>(Code).includes(code)) return code;
  if (typeof code === 'string' && code.toUpperCase() in Code) return Code[code.toUpperCase() as keyof typeof Code];
  throw invalid(`the status code ${JSON.stringify(code)}`);
}

/** JSON's google.protobuf.Duration, `1.5s`, or the object that grpc-js also takes. */
function milliseconds(duration: unknown, name: string): number {
  if (typeof duration === 'string') {
    const seconds = /^(\d+(?:\.\d{1,9})?)s$/.exec(duration)?.[1];
    if (seconds !== undefined) return Number(seconds) * 1_000;
  } else if (typeof duration === 'object' && duration !== null) {
    const { seconds = 0, nanos = 0 } = duration as { seconds?: unknown; nanos?: unknown };
    const sum = Number(seconds) * 1_000 + Number(nanos) / 1e6;
    if (sum >= 0) return sum;
  }
  throw invalid(`${name} ${JSON.stringify(duration)}`);
}

function invalid(what: string): TypeError {
  return new TypeError(`grpc.service_config has ${what}`);
}
