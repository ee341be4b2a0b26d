import { AsyncResource } from 'node:async_hooks';
import { LONGEST_TIMER } from './longest-timer.js';

/** Milliseconds. What is further away than two slots waits in the slot of its moment. */
const SLOT_LENGTH = 64;

/** Further away are no slots, so that there are few of them. */
const LONGEST_WAIT = 5 * 60 * 1_000;

/** The deadlines of one span of time. */
interface Slot {
  readonly number: number;
  first: DeadlineTimer | undefined;
}

/**
 * Calls `expired` once at a moment of `performance.now()`, unless `clear` comes first.
 *
 * Hardly a call meets its deadline, and a timer of Node that is made and cleared for each was a tenth of what a small call
 * costs. So deadlines wait in slots, which one timer looks after, and get timers of their own when their slot begins.
 */
export class DeadlineTimer {
  readonly #at: number;
  readonly #expired: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** Where it waits, and its neighbours there. */
  #slot: Slot | undefined;
  #before: DeadlineTimer | undefined;
  #behind: DeadlineTimer | undefined;

  constructor(at: number, expired: () => void) {
    this.#at = at;
    this.#expired = expired;
    const left = at - performance.now();
    if (left > 2 * SLOT_LENGTH && left <= LONGEST_WAIT) this.#waitIn(slotOf(at));
    else this.#arm();
  }

  clear(): void {
    const slot = this.#slot;
    if (slot === undefined) return clearTimeout(this.#timer);
    const before = this.#before;
    const behind = this.#behind;
    if (before === undefined) slot.first = behind;
    else before.#behind = behind;
    if (behind !== undefined) behind.#before = before;
    this.#slot = this.#before = this.#behind = undefined;
    countWaiting(-1);
  }

  /** The slot has begun. */
  static wake(slot: Slot): void {
    for (let timer = slot.first; timer !== undefined; timer = slot.first) {
      timer.clear();
      timer.#arm();
    }
  }

  #waitIn(slot: Slot): void {
    const behind = slot.first;
    if (behind !== undefined) behind.#before = this;
    this.#behind = behind;
    this.#slot = slot;
    slot.first = this;
    countWaiting(1);
  }

  #arm(): void {
    const left = Math.ceil(this.#at - performance.now());
    this.#timer =
      left > LONGEST_TIMER
        ? setTimeout(() => this.#arm(), LONGEST_TIMER)
        : setTimeout(this.#expired, Math.max(left, 0));
  }
}

/** By number; all but the newest one have deadlines in them, or had when they were not the newest any more. */
const slots = new Map<number, Slot>();
let newest: Slot = { number: Number.NaN, first: undefined };
let waiting = 0;

/** Fires at the beginning of the first slot. It keeps the process alive while anything waits. */
let wakeup: NodeJS.Timeout | undefined;
let wakeupNumber = Number.POSITIVE_INFINITY;
/** The timers belong to no call: what AsyncLocalStorage holds for the one that came first is not for the others. */
const everybody = new AsyncResource('podwire.deadlines');

function slotOf(at: number): Slot {
  const number = Math.floor(at / SLOT_LENGTH);
  if (number === newest.number) return newest;
  if (newest.first === undefined) slots.delete(newest.number);
  newest = slots.get(number) ?? { number, first: undefined };
  slots.set(number, newest);
  if (number < wakeupNumber) wakeAt(number);
  return newest;
}

function countWaiting(change: 1 | -1): void {
  waiting += change;
  if (waiting === 0) wakeup?.unref();
  else if (waiting === 1 && change === 1) wakeup?.ref();
}

function wakeAt(number: number): void {
  clearTimeout(wakeup);
  wakeupNumber = number;
  const delay = Math.max(number * SLOT_LENGTH - performance.now(), 1);
  wakeup = everybody.runInAsyncScope(() => setTimeout(wake, delay));
  if (waiting === 0) wakeup.unref();
}

function wake(): void {
  const now = performance.now() / SLOT_LENGTH;
  let next = Number.POSITIVE_INFINITY;
  for (const slot of slots.values()) {
    if (slot.number <= now) DeadlineTimer.wake(slot);
    if (slot.first === undefined) slots.delete(slot.number);
    else next = Math.min(next, slot.number);
  }
  // What comes into the newest one later must find a slot that is looked after.
  if (!slots.has(newest.number)) newest = { number: Number.NaN, first: undefined };
  wakeupNumber = Number.POSITIVE_INFINITY;
  wakeup = undefined;
  if (next < wakeupNumber) wakeAt(next);
}
