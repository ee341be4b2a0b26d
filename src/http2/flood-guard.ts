const PERIOD_MILLISECONDS = 10_000;

/** Frames that carry nothing, per period, before a peer counts as flooding; each useful frame allows some more. */
const CONTROL_FRAMES = 10_000;
const CONTROL_FRAMES_PER_USEFUL_FRAME = 4;

/** Resets per period, and the share of the period's completed streams that is allowed on top. */
const RESETS = 200;
const RESET_SHARE = 0.2;

/** A client may cancel all that it has open at one time, but not without bound. */
const MOST_RESETS = 10_000;

/**
 * Notices a peer that makes this side work for nothing: rapid reset (CVE-2023-44487), resets that we are made to send
 * (CVE-2025-8671), and floods of PING, SETTINGS, PRIORITY, WINDOW_UPDATE and empty frames (CVE-2019-9512 to 9518).
 */
export class FloodGuard {
  readonly #resetsAllowed: number;
  #periodStart = 0;
  #control = 0;
  #useful = 0;
  #resets = 0;
  #completed = 0;

  /** @param openStreams how many the peer may have open: when their deadline passes, all are reset at once. */
  constructor(openStreams = 0) {
    this.#resetsAllowed = Math.min(Math.max(RESETS, openStreams), MOST_RESETS);
  }

  /** A frame that moved a call forward, in either direction. */
  useful(): void {
    this.#useful++;
  }

  /** A stream that ended with END_STREAM on both sides. */
  completed(): void {
    this.#completed++;
  }

  /**
   * @param weight how many such frames it is worth: one that concerns every stream costs more than one that does not.
   * @returns true when the peer has sent too many frames that carry nothing.
   */
  control(now: number, weight = 1): boolean {
    this.#roll(now);
    this.#control += weight;
    return this.#control > CONTROL_FRAMES + this.#useful * CONTROL_FRAMES_PER_USEFUL_FRAME;
  }

  /** @returns true when too many streams were reset by the peer or because of it. */
  reset(now: number): boolean {
    this.#roll(now);
    return ++this.#resets > this.#resetsAllowed + this.#completed * RESET_SHARE;
  }

  #roll(now: number): void {
    if (now - this.#periodStart < PERIOD_MILLISECONDS) return;
    this.#periodStart = now;
    this.#control = this.#useful = this.#resets = this.#completed = 0;
  }
}
