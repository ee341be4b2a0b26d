const SMALLEST = 4;

/** What the table needs of an entry. */
interface Identified {
  readonly id: number;
}

/**
 * The open streams of a connection by identifier: a hash table with open addressing.
 *
 * A `Map` will not do. It is rebuilt again and again while entries come and go, and each dead copy in the old generation
 * leads the scavenger through its successor to every stream there ever was: garbage collection then takes half the time.
 */
export class StreamTable<Stream extends Identified> {
  #slots: (Stream | undefined)[] = new Array(SMALLEST).fill(undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): Stream | undefined {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = (id >>> 1) & mask; ; at = (at + 1) & mask) {
      const stream = slots[at];
      if (stream === undefined || stream.id === id) return stream;
    }
  }

  /** Adds a stream whose identifier is not in the table. */
  add(stream: Stream): void {
    if ((this.#size + 1) * 2 > this.#slots.length) this.#resize(this.#slots.length * 2);
    this.#insert(stream);
  }

  /** @returns whether the stream was there. */
  delete(id: number): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = (id >>> 1) & mask;
    for (; slots[hole]?.id !== id; hole = (hole + 1) & mask) {
      if (slots[hole] === undefined) return false;
    }
    this.#size--;
    slots[hole] = undefined;
    // Entries behind the hole that could not have their own slot move up, so that a search need not step over holes.
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const stream = slots[at];
      if (stream === undefined) return true;
      const home = (stream.id >>> 1) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = stream;
      slots[at] = undefined;
      hole = at;
    }
  }

  clear(): void {
    this.#slots = new Array(SMALLEST).fill(undefined);
    this.#size = 0;
  }

  /** The streams at this moment, the oldest first; the table may change while they are looked at. */
  values(): Stream[] {
    return this.#slots.filter((stream) => stream !== undefined).sort((left, right) => left.id - right.id);
  }

  #insert(stream: Stream): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = (stream.id >>> 1) & mask;
    while (slots[at] !== undefined) at = (at + 1) & mask;
    slots[at] = stream;
    this.#size++;
  }

  #resize(length: number): void {
    const streams = this.values();
    this.#slots = new Array(length).fill(undefined);
    this.#size = 0;
    for (const stream of streams) this.#insert(stream);
  }
}
