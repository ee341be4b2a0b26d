import { ENTRY_OVERHEAD, INITIAL_TABLE_SIZE } from './dynamic-table.js';
import { huffmanEncode, huffmanLength } from './huffman.js';
import { INDEXING, type Indexing } from './indexing.js';
import { MAX_INTEGER_LENGTH, writeInteger } from './integer.js';
import { writeLatin1 } from './latin1.js';
import { RepeatedValues } from './repeated-values.js';
import { SearchableTable } from './searchable-table.js';
import { STATIC_TABLE } from './static-table.js';

const STATIC_LENGTH = STATIC_TABLE.length;

/** What is known of a name before the first block. */
interface KnownName {
  /** Its first index in the static table, or 0. */
  readonly index: number;
  /** Its indices in the static table. */
  readonly indexByValue: ReadonlyMap<string, number>;
  readonly indexing: Indexing | undefined;
}

const KNOWN_NAMES = knownNames();

const INITIAL_SCRATCH = 256;

/** A scratch that one large block made longer than this is given up at the next block. */
const RETAINED_SCRATCH = 16_384;

/** Blocks up to this length come as the same view each time: making one takes longer than encoding an indexed block. */
const KEPT_VIEWS = 128;

/** Shared by all encoders: a block is copied into its connection's output before another one is encoded. */
let scratch = new Uint8Array(INITIAL_SCRATCH);
let views: (Uint8Array | undefined)[] = [];

/** Lines of the cache of pairs; a power of two. Each takes 24 octets of an idle connection. */
const CACHE_LINES = 32;

/** Writes the header blocks of one direction of a connection (RFC 7541), in the order in which they are sent. */
export class HpackEncoder {
  readonly #ownMaxSize: number;
  readonly #table = new SearchableTable(INITIAL_TABLE_SIZE);
  readonly #repeated = new RepeatedValues();
  /** The table size that the next block has to announce, and the smallest since the last block; -1 for none. */
  #finalSize = -1;
  #smallestSize = -1;

  #offset = 0;

  /**
   * The pair that went through each line last and its place: a static index, or STATIC_LENGTH + 1 + the serial number of a
   * dynamic entry. Fields of one call site are the same strings each time, so a hit compares two pointers and hashes nothing.
   */
  readonly #cachedNames: string[] = new Array(CACHE_LINES).fill('');
  readonly #cachedValues: string[] = new Array(CACHE_LINES).fill('');
  readonly #cachedPlaces: number[] = new Array(CACHE_LINES).fill(0);

  /**
   * @param options.maxTableSize octets of table that we are willing to keep, even if the peer allows more; default 4096
   */
  constructor(options: { maxTableSize?: number } = {}) {
    this.#ownMaxSize = options.maxTableSize ?? INITIAL_TABLE_SIZE;
    this.setPeerMaxTableSize(INITIAL_TABLE_SIZE);
  }

  /**
   * Applies SETTINGS_HEADER_TABLE_SIZE of the peer. The next block begins with the updates that RFC 7541 section 4.2 demands:
   * the smallest size since the last block, then the final one.
   */
  setPeerMaxTableSize(size: number): void {
    const maxSize = Math.min(size, this.#ownMaxSize);
    if (this.#finalSize < 0) {
      if (maxSize === this.#table.maxSize) return;
      this.#smallestSize = maxSize;
    }
    this.#finalSize = maxSize;
    this.#smallestSize = Math.min(this.#smallestSize, maxSize);
  }

  /**
   * Encodes one header list: name, value, name, value, ... in latin1, names in lower case.
   *
   * @returns a view of the scratch that all encoders share, valid until the next call of any
   * @throws TypeError when a character is above U+00FF or the last value is missing. Nothing is to be sent then; the encoder stays
   *   usable
   */
  encode(fields: readonly string[]): Uint8Array {
    this.#offset = 0;
    if (scratch.length > RETAINED_SCRATCH) this.#replaceScratch(INITIAL_SCRATCH);
    if (this.#finalSize >= 0) this.#writeSizeUpdates();
    try {
      for (let i = 0; i < fields.length; i += 2) this.#writeField(fields[i], fields[i + 1], i);
    } catch (error) {
      // The peer will not see this block, so what it inserted must go: by way of size 0, on both sides.
      this.#finalSize = this.#table.maxSize;
      this.#smallestSize = 0;
      throw error;
    }
    return this.#view();
  }

  #writeSizeUpdates(): void {
    if (this.#smallestSize < this.#finalSize) {
      this.#offset = writeInteger(scratch, this.#offset, 0x20, 0x1f, this.#smallestSize);
      this.#table.resize(this.#smallestSize);
    }
    this.#offset = writeInteger(scratch, this.#offset, 0x20, 0x1f, this.#finalSize);
    this.#table.resize(this.#finalSize);
    this.#finalSize = -1;
  }

  #writeField(name: string, value: string, position: number): void {
    // Four lines for each of the first eight places of a list: what one call site sends does not push itself out.
    const line = (position * 2 + (value.length & 3)) & (CACHE_LINES - 1);
    const table = this.#table;
    let place = 0;
    if (this.#cachedValues[line] === value && this.#cachedNames[line] === name) {
      place = this.#cachedPlaces[line];
      const evicted = table.inserted - table.length;
      if (place > STATIC_LENGTH && place <= STATIC_LENGTH + evicted) place = 0;
    }
    if (place === 0) {
      place = this.#findOrWriteLiteral(name, value);
      if (place === 0) return;
      this.#cachedNames[line] = name;
      this.#cachedValues[line] = value;
      this.#cachedPlaces[line] = place;
    }
    this.#makeRoom(0);
    this.#offset = writeInteger(scratch, this.#offset, 0x80, 0x7f, this.#indexOf(place));
  }

  /** Returns the place of a pair that may be sent as an index. Otherwise it writes a literal and returns 0. */
  #findOrWriteLiteral(name: string, value: string): number {
    const known = KNOWN_NAMES.get(name);
    const inserted = this.#table.entriesOf(name);
    if (known?.indexing !== 'never') {
      const index = known?.indexByValue.get(value);
      if (index !== undefined) return index;
      const serial = inserted?.byValue.get(value);
      if (serial !== undefined) return STATIC_LENGTH + 1 + serial;
    }
    let nameIndex = known === undefined ? 0 : known.index;
    if (nameIndex === 0 && inserted !== undefined) nameIndex = this.#indexOf(STATIC_LENGTH + 1 + inserted.newest);
    this.#writeLiteral(name, nameIndex, value, known?.indexing);
    return 0;
  }

  #writeLiteral(name: string, nameIndex: number, value: string, indexing: Indexing | undefined): void {
    const insert = this.#isWorthAnEntry(name, nameIndex, value, indexing);
    this.#makeRoom(name.length + value.length);
    const pattern = insert ? 0x40 : indexing === 'never' ? 0x10 : 0;
    this.#offset = writeInteger(scratch, this.#offset, pattern, insert ? 0x3f : 0x0f, nameIndex);
    if (nameIndex === 0) this.#writeString(name, insert);
    this.#writeString(value, insert);
    if (insert) this.#table.insert(name, value);
  }

  #isWorthAnEntry(name: string, nameIndex: number, value: string, indexing: Indexing | undefined): boolean {
    // An entry of more than half the table would push out what every other call needs.
    if (name.length + value.length + ENTRY_OVERHEAD > this.#table.maxSize >>> 1) return false;
    if (indexing === undefined) return this.#repeated.seen(name, value);
    if (indexing === 'insert-name') return nameIndex === 0 || this.#repeated.seen(name, value);
    return indexing === 'insert';
  }

  /** The index on the wire, where dynamic entries count back from the newest. */
  #indexOf(place: number): number {
    return place <= STATIC_LENGTH ? place : STATIC_LENGTH + this.#table.inserted - (place - STATIC_LENGTH - 1);
  }

  /**
   * Writes a string literal (section 5.2). Huffman coding saves a quarter of the octets and takes some 6 ns for each to encode and
   * 4 ns to decode, when to send one over a Unix socket and receive it costs 0.6 ns: at no length does it pay. So it is
   * left to what goes into the table, where it is paid once per connection.
   */
  #writeString(text: string, huffman: boolean): void {
    if (huffman) {
      const length = huffmanLength(text);
      if (length < text.length) {
        this.#offset = writeInteger(scratch, this.#offset, 0x80, 0x7f, length);
        this.#offset = huffmanEncode(text, scratch, this.#offset);
        return;
      }
    }
    const offset = writeInteger(scratch, this.#offset, 0, 0x7f, text.length);
    writeLatin1(text, scratch, offset);
    this.#offset = offset + text.length;
  }

  /** Makes room for one field with strings of this many octets. */
  #makeRoom(octets: number): void {
    const needed = this.#offset + octets + 3 * MAX_INTEGER_LENGTH;
    if (needed > scratch.length) this.#replaceScratch(Math.max(needed, scratch.length * 2));
  }

  #replaceScratch(length: number): void {
    const larger = new Uint8Array(length);
    larger.set(scratch.subarray(0, this.#offset));
    scratch = larger;
    views = [];
  }

  #view(): Uint8Array {
    const length = this.#offset;
    if (length >= KEPT_VIEWS) return scratch.subarray(0, length);
    return (views[length] ??= scratch.subarray(0, length));
  }
}

function knownNames(): ReadonlyMap<string, KnownName> {
  const names = new Map<string, { index: number; indexByValue: Map<string, number>; indexing: Indexing | undefined }>();
  const entry = (name: string) => {
    let known = names.get(name);
    if (known === undefined) names.set(name, (known = { index: 0, indexByValue: new Map(), indexing: undefined }));
    return known;
  };
  for (const [position, [name, value]] of STATIC_TABLE.entries()) {
    const known = entry(name);
    known.index ||= position + 1;
    known.indexByValue.set(value, position + 1);
  }
  for (const [name, indexing] of INDEXING) entry(name).indexing = indexing;
  return names;
}
