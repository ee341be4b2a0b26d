import type { Code } from '../rpc/code.js';
import type { EventChannel } from '../socket/event-channel.js';

/** A call that began. The event of its end is the same object with more in it, so a WeakMap can join the two. */
export interface CallStart {
  /** `podinfo.v1.PodInfo/Describe` */
  readonly method: string;
  /** By the clock of `performance.now()`. */
  readonly startedAt: number;
}

/** How a call ended. */
export interface CallResult {
  readonly code: Code;
  /** The text of the status, mostly empty with OK. */
  readonly message: string;
  readonly durationMs: number;
}

export interface CallEvents<Start extends CallStart> {
  readonly callStart: EventChannel<Start>;
  readonly callEnd: EventChannel<Start & CallResult>;
}

/** Whether anybody wants to know of a call. When not, nothing is made for it, and it has no end to be told of either. */
export function isObserved<Start extends CallStart>({ callStart, callEnd }: CallEvents<Start>): boolean {
  return callStart.hasSubscribers || callEnd.hasSubscribers;
}

export function publishEnd<Start extends CallStart>(
  { callEnd }: CallEvents<Start>,
  call: Start,
  code: Code,
  message: string,
): void {
  if (!callEnd.hasSubscribers) return;
  callEnd.publish(Object.assign(call, { code, message, durationMs: performance.now() - call.startedAt }));
}
