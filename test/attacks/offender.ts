import type { Socket } from 'node:net';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { Attack } from '../../bench/harness/attack.js';
import * as wire from '../http2/wire.js';

export type Connect = Parameters<Attack['run']>[0];

export interface OffenderOptions {
  /** What it says first. Default: the preface, SETTINGS, and an acknowledgement of the server's. */
  readonly greeting?: Uint8Array;
  /** Whether it reads what it is told. Default true. */
  readonly reads?: boolean;
}

export const greeting = Buffer.concat([wire.PREFACE, wire.settings(), wire.frame(wire.SETTINGS, wire.ACK, 0)]);

/** A greeting that says these SETTINGS. */
export function greetingWith(...parameters: [identifier: number, value: number][]): Buffer {
  return Buffer.concat([wire.PREFACE, wire.settings(...parameters), wire.frame(wire.SETTINGS, wire.ACK, 0)]);
}

/** One connection of an attacker. */
export class Offender {
  readonly #socket: Socket;
  readonly #signal: AbortSignal;
  #closed = false;

  constructor(socket: Socket, signal: AbortSignal, { greeting: first = greeting, reads = true }: OffenderOptions) {
    this.#socket = socket;
    this.#signal = signal;
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
    });
    if (reads) socket.on('data', () => {});
    socket.write(first);
  }

  /** The server has not ended it, and the attack is to go on. */
  get open(): boolean {
    return !this.#closed && !this.#signal.aborted;
  }

  /** Resolves when the kernel has taken it, or the connection is over. */
  async send(...bytes: Uint8Array[]): Promise<void> {
    if (!this.open) return;
    const { promise, resolve } = settled();
    this.#socket.once('close', resolve);
    this.#socket.write(bytes.length === 1 ? bytes[0] : Buffer.concat(bytes), () => resolve());
    await promise;
    this.#socket.off('close', resolve);
    // What the server said is read in between.
    await nextTurn();
  }

  /** Does nothing until the server ends the connection, or for so many milliseconds. */
  async stay(milliseconds = Number.POSITIVE_INFINITY): Promise<void> {
    const until = performance.now() + milliseconds;
    while (this.open && performance.now() < until) await delay(5);
  }

  leave(): void {
    this.#socket.destroy();
  }
}

function settled(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Plays on one connection after the other until `signal` is aborted. */
export async function repeatedly(
  connect: Connect,
  signal: AbortSignal,
  play: (offender: Offender) => Promise<void>,
  options: OffenderOptions = {},
): Promise<void> {
  while (!signal.aborted) {
    let offender: Offender;
    try {
      offender = new Offender(await connect(), signal, options);
    } catch {
      // The backlog is full.
      await delay(5);
      continue;
    }
    await play(offender);
    offender.leave();
    await nextTurn();
  }
}

/** `repeatedly` on so many connections at a time. */
export async function inParallel(
  count: number,
  connect: Connect,
  signal: AbortSignal,
  play: (offender: Offender) => Promise<void>,
  options: OffenderOptions = {},
): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => repeatedly(connect, signal, play, options)));
}

/** So many connections that do nothing once they have greeted. */
export function crowd(
  count: number,
  connect: Connect,
  signal: AbortSignal,
  options: OffenderOptions = {},
): Promise<void> {
  const play = async (offender: Offender): Promise<void> => {
    await offender.stay();
    // A place that was refused is asked for again, not at once: this process has others to open.
    await delay(1_000);
  };
  return inParallel(count, connect, signal, play, options);
}
