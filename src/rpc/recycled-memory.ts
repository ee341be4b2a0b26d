/** What is less than this is cheap for V8 to make and to collect. */
const SMALLEST = 32 * 1024;
/** What is longer is not kept: a few of them would be all that there is room for. */
const LARGEST = 2 * 1024 * 1024;
/** Views that are shorter have no such memory: to look at the memory of a short array makes V8 move it off its heap. */
const SHORTEST_VIEW = 4 * 1024;
/** Octets that lie ready at most. */
const MOST_READY = 8 * 1024 * 1024;
/** Milliseconds after which memory that nobody took goes back to V8. */
const IDLE = 1_000;

/** Memory of one length. */
interface Shelf {
  readonly length: number;
  readonly ready: Buffer[];
  /** The least that lay ready since the last look: so many were not needed. */
  spare: number;
}

interface Loan {
  /** How many still read or write the memory. */
  holders: number;
  readonly memory: Buffer;
  readonly shelf: Shelf;
}

/**
 * Memory for large messages on their way out, which is used again when nobody reads it any more. V8 begins a full collection
 * for every few MiB of new ArrayBuffers, however little else there is to collect: with memory of its own for each message of
 * 64 KiB that was half of what a call cost.
 *
 * Each piece counts who holds it. Who has it from `lend` holds it, and whoever passes it on to be read later calls `keep` for
 * that; each calls `letGo` once. Somebody who forgets that, or who goes away with an error, does no harm: the memory is
 * collected with the views of it, as any other.
 */
export class RecycledMemory {
  /** Told of memory that comes back, which nobody may read from then on: tests overwrite it. */
  onReturn: ((memory: Uint8Array) => void) | undefined;

  readonly #loans = new WeakMap<ArrayBufferLike, Loan>();
  readonly #shelves = new Map<number, Shelf>();
  #ready = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Octets that lie ready to be lent again. */
  get ready(): number {
    return this.#ready;
  }

  /** Memory of at least so many octets, with anything in it. */
  lend(octets: number): Buffer {
    if (octets < SMALLEST || octets > LARGEST) return Buffer.allocUnsafeSlow(octets);
    const length = shelfLength(octets);
    let shelf = this.#shelves.get(length);
    if (shelf === undefined) this.#shelves.set(length, (shelf = { length, ready: [], spare: 0 }));
    const ready = shelf.ready.pop();
    if (ready === undefined) {
      const memory = Buffer.allocUnsafeSlow(length);
      this.#loans.set(memory.buffer, { holders: 1, memory, shelf });
      return memory;
    }
    this.#ready -= length;
    if (shelf.ready.length < shelf.spare) shelf.spare = shelf.ready.length;
    (this.#loans.get(ready.buffer) as Loan).holders = 1;
    return ready;
  }

  /** One more will read what `view` is a view of. Any other memory is let pass. */
  keep(view: Uint8Array): void {
    const loan = this.#loanOf(view);
    if (loan === undefined) return;
    // Rather no message than one with the octets of another.
    if (loan.holders === 0) throw new Error('the memory of a message was given back and is used again');
    loan.holders++;
  }

  /** One of those who held the memory of `view` does not read it any more. */
  letGo(view: Uint8Array): void {
    const loan = this.#loanOf(view);
    if (loan === undefined || loan.holders === 0 || --loan.holders > 0) return;
    const { memory, shelf } = loan;
    this.onReturn?.(memory);
    if (this.#ready + shelf.length > MOST_READY) return void this.#loans.delete(memory.buffer);
    shelf.ready.push(memory);
    this.#ready += shelf.length;
    this.#timer ??= setTimeout(this.#giveBack, IDLE).unref();
  }

  #loanOf(view: Uint8Array): Loan | undefined {
    return view.length < SHORTEST_VIEW ? undefined : this.#loans.get(view.buffer);
  }

  readonly #giveBack = (): void => {
    for (const shelf of this.#shelves.values()) {
      const { length, ready, spare } = shelf;
      ready.splice(0, spare);
      this.#ready -= spare * length;
      shelf.spare = ready.length;
    }
    this.#timer = this.#ready === 0 ? undefined : setTimeout(this.#giveBack, IDLE).unref();
  };
}

/** The memory of this process's outgoing messages. */
export const recycledMemory = new RecycledMemory();

/** The next of eight lengths between two powers of two, so that at most an eighth is more than was asked for. */
function shelfLength(octets: number): number {
  const step = 2 ** (28 - Math.clz32(octets - 1));
  return Math.ceil(octets / step) * step;
}
