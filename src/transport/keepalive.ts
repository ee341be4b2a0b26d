import type { Http2Connection } from '../http2/connection.js';
import { ConnectionError } from '../http2/connection-error.js';
import { ErrorCode } from '../http2/error-code.js';
import { checkOptionNames } from '../options/check-option-names.js';
import { LONGEST_TIMER } from './longest-timer.js';

/**
 * Pings over a quiet connection, named as gRPC's channel arguments. Off by default: a local peer that dies closes its
 * socket. It finds peers that hang.
 */
export interface KeepaliveOptions {
  /** Milliseconds of silence before a PING, at least 10. */
  readonly timeMs: number;
  /** Milliseconds to wait for any byte after it. Default 20,000. */
  readonly timeoutMs?: number;
  /** Ping also while no call is open. Default false. */
  readonly permitWithoutCalls?: boolean;
}

const PING = 0x6b656570n;

/** @throws TypeError for an option that is not one; RangeError when a time is not one that can be waited for. */
export function checkKeepalive(options: KeepaliveOptions): void {
  checkOptionNames('keepalive', options, { timeMs: true, timeoutMs: true, permitWithoutCalls: true });
  const { timeMs, timeoutMs = 1 } = options;
  if (!(timeMs >= 10 && timeMs <= LONGEST_TIMER)) {
    throw new RangeError(
      `keepalive.timeMs is ${timeMs}; it must be at least 10 milliseconds, and at most ${LONGEST_TIMER}`,
    );
  }
  if (!(timeoutMs >= 1 && timeoutMs <= LONGEST_TIMER)) {
    throw new RangeError(`keepalive.timeoutMs is ${timeoutMs}; it must be from 1 to ${LONGEST_TIMER} milliseconds`);
  }
}

/** Ends a connection whose peer stays silent after a PING. */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  readonly #connection: Http2Connection;
  #lastReceived = 0;
  /** A PING is out, and nothing came since. */
  #pinged = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: KeepaliveOptions, connection: Http2Connection) {
    checkKeepalive(options);
    this.#options = options;
    this.#connection = connection;
  }

  start(): void {
    this.#lastReceived = performance.now();
    this.#wait(this.#options.timeMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Bytes of the peer came, at a moment of `performance.now()`: whatever they say, it is alive. */
  received(now: number): void {
    this.#lastReceived = now;
    if (!this.#pinged) return;
    this.#pinged = false;
    clearTimeout(this.#timer);
    this.#wait(this.#options.timeMs);
  }

  #wait(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#check(), milliseconds);
    this.#timer.unref();
  }

  #check(): void {
    const silence = performance.now() - this.#lastReceived;
    const { timeMs, timeoutMs = 20_000, permitWithoutCalls = false } = this.#options;
    if (silence < timeMs) return this.#wait(timeMs - silence + 1);
    if (!permitWithoutCalls && this.#connection.streamCount === 0) return this.#wait(timeMs);
    this.#connection.sendPing(PING);
    this.#pinged = true;
    this.#timer = setTimeout(() => {
      // Bytes may already wait in the kernel when this process was held back: poll once before judging.
      setImmediate(() => {
        if (!this.#pinged || this.#timer === undefined) return;
        this.#connection.fail(
          new ConnectionError(ErrorCode.NO_ERROR, `the peer was silent for ${timeoutMs} ms after a keepalive PING`),
        );
      });
    }, timeoutMs);
    this.#timer.unref();
  }
}
