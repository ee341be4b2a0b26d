/** Share of its limit up to which a connection has no part in what presses, or fills, its process: 128 KiB of 32 MiB. */
const BLAMELESS = 1 / 256;

/** How long room is kept for a message that does not come while others wait for it, in milliseconds: 4 MiB take a few. */
const PATIENCE = 1_000;

/** A message for which a window was widened. */
export interface WideMessage {
  /** When that was. */
  readonly since: number;
  /** Octets that are counted for it and have not come. */
  readonly missing: number;
  /** Fails its stream, so that others have the room. */
  giveWay(): void;
}

/**
 * Counts the received octets that wait in memory, or are certain to come, for a connection and, through `parent`, for the
 * process.
 *
 * From half of the limit on a budget is *pressed*: new streams are refused and windows are widened for one message at a
 * time. From seven eighths on it is *full*: what comes without a widened window is refused too. The last eighth is for
 * that one message, so that messages larger than their windows never wait for each other for ever.
 *
 * A message for which a window was widened, a *wide* one, is counted from then on, and is wide until it was read.
 */
export class ReceiveBudget {
  readonly limit: number;
  readonly parent: ReceiveBudget | undefined;
  readonly #pressedFrom: number;
  readonly #fullFrom: number;
  #held = 0;
  #wideMessages = 0;
  /** Of a process: the wide messages of all its connections, the oldest first. */
  #wide: Set<WideMessage> | undefined;
  /** Most connections never wait: made for the first that does. */
  #waiting: Set<() => void> | undefined;

  constructor(limit: number, parent?: ReceiveBudget) {
    this.limit = limit;
    this.parent = parent;
    this.#pressedFrom = limit / 2;
    this.#fullFrom = limit - limit / 8;
  }

  /** Octets counted now. */
  get held(): number {
    return this.#held;
  }

  get pressed(): boolean {
    return this.#held >= this.#pressedFrom || (this.parent?.pressed ?? false);
  }

  /** New streams are refused: pressed, and this connection has a part in it, so that one client cannot shut out the others. */
  get refusesStreams(): boolean {
    return this.pressed && this.#held > this.limit * BLAMELESS;
  }

  /** Whether `octets` more would be too many, here or, unless this connection holds next to nothing, in the parent. */
  isFullWith(octets: number): boolean {
    const held = this.#held + octets;
    if (held > this.#fullFrom) return true;
    return held > this.limit * BLAMELESS && (this.parent?.isFullWith(octets) ?? false);
  }

  /**
   * Whether a stream's window may be widened for a message of which `octets` are still to come, while `others` may come
   * within usual windows. One at a time is always allowed; several when there is room for all that, and no pressure. A
   * process that is full has one such message for all its connections.
   */
  allowsWideMessage(octets: number, others: number): boolean {
    if (this.#wideMessages > 0 && (this.pressed || this.isFullWith(octets + others))) return false;
    const { parent } = this;
    return parent === undefined || parent.#wideMessages === 0 || parent.#held < parent.#fullFrom;
  }

  add(octets: number): void {
    this.#held += octets;
    this.parent?.add(octets);
  }

  remove(octets: number): void {
    const before = this.#held;
    this.#held -= octets;
    this.parent?.remove(octets);
    if (this.#waiting === undefined) return;
    if (this.#fellBelow(this.#pressedFrom, before) || this.#fellBelow(this.#fullFrom, before)) this.#wake();
  }

  #fellBelow(threshold: number, before: number): boolean {
    return before >= threshold && this.#held < threshold;
  }

  /** A window was widened for a message; `endWideMessage` when that was read, or will not come. */
  beginWideMessage(message?: WideMessage): void {
    this.#wideMessages++;
    if (this.parent !== undefined) this.parent.beginWideMessage(message);
    else if (message !== undefined) (this.#wide ??= new Set()).add(message);
  }

  endWideMessage(message?: WideMessage): void {
    this.#wideMessages--;
    if (this.parent !== undefined) this.parent.endWideMessage(message);
    else if (message !== undefined) this.#wide?.delete(message);
    // Connections wait for their own messages one by one, and for those of others only when the process is full.
    if (this.parent !== undefined || this.#wideMessages === 0) this.#wake();
  }

  /**
   * What may give way, when the process is full, to a message of which `octets` are still to come: what has been announced
   * for a while by others and does not come. Else a few clients that announce messages and send nothing would shut out all.
   *
   * @returns undefined when that is not enough, or when this connection has a part in it.
   */
  stalledMessages(octets: number, now: number): readonly WideMessage[] | undefined {
    const { parent } = this;
    if (
      parent === undefined ||
      parent.#wide === undefined ||
      this.#wideMessages > 0 ||
      this.#held > this.limit * BLAMELESS
    )
      return undefined;
    const stalled: WideMessage[] = [];
    let freed = 0;
    for (const message of parent.#wide) {
      if (now - message.since < PATIENCE) break;
      // A window is one octet wider than its message.
      if (message.missing <= 1) continue;
      stalled.push(message);
      freed += message.missing;
      if (freed >= octets) return stalled;
    }
    return undefined;
  }

  /** Calls `relieved` once when `allowsWideMessage` may have become true; it may be false again by then. */
  whenRelieved(relieved: () => void): void {
    (this.#waiting ??= new Set()).add(relieved);
    this.parent?.whenRelieved(relieved);
  }

  /** Takes back a `whenRelieved`, so that a closed connection is not kept by the process's budget. */
  forget(relieved: () => void): void {
    this.#waiting?.delete(relieved);
    this.parent?.forget(relieved);
  }

  #wake(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    // Those who have to wait again do so in another set.
    this.#waiting = undefined;
    for (const relieved of waiting) relieved();
  }
}
