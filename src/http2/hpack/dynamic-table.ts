/** Octets that an entry counts beside its name and value (RFC 7541 section 4.1). */
export const ENTRY_OVERHEAD = 32;

/** Octets of both tables until somebody says otherwise (RFC 9113 section 6.5.2). */
export const INITIAL_TABLE_SIZE = 4096;

/** Slots of a new ring; a power of two, like every later length. */
const INITIAL_SLOTS = 8;

/** The dynamic table of RFC 7541 section 2.3.2: a queue of entries bounded by their size, the newest at index 0. */
export class DynamicTable {
  #names: string[] = new Array(INITIAL_SLOTS).fill('');
  #values: string[] = new Array(INITIAL_SLOTS).fill('');
  #mask = INITIAL_SLOTS - 1;
  #inserted = 0;
  #length = 0;
  #size = 0;
  #maxSize: number;

  constructor(maxSize: number = INITIAL_TABLE_SIZE) {
    this.#maxSize = maxSize;
  }

  /** Number of entries. */
  get length(): number {
    return this.#length;
  }

  /** Octets that the entries count. */
  get size(): number {
    return this.#size;
  }

  /** Octets that the entries may count. */
  get maxSize(): number {
    return this.#maxSize;
  }

  /** Entries inserted so far, evicted ones included: the serial number of the next one. */
  get inserted(): number {
    return this.#inserted;
  }

  /** The name at `index`, which must be below `length`. */
  nameAt(index: number): string {
    return this.#names[(this.#inserted - 1 - index) & this.#mask];
  }

  /** The value at `index`, which must be below `length`. */
  valueAt(index: number): string {
    return this.#values[(this.#inserted - 1 - index) & this.#mask];
  }

  /** Inserts an entry, evicting as many as it needs: all of them, and itself, when it is larger than the table. */
  insert(name: string, value: string): void {
    const size = name.length + value.length + ENTRY_OVERHEAD;
    this.#evictDownTo(this.#maxSize - size);
    if (size > this.#maxSize) return;
    if (this.#length > this.#mask) this.#grow();
    const slot = this.#inserted & this.#mask;
    this.#names[slot] = name;
    this.#values[slot] = value;
    this.#inserted++;
    this.#length++;
    this.#size += size;
  }

  /** Changes `maxSize`, evicting what no longer fits. */
  resize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.#evictDownTo(maxSize);
  }

  clear(): void {
    this.#evictDownTo(0);
  }

  /** Called for each entry that leaves, oldest first. `serial` is what `inserted` was when it came. */
  protected evicted(_name: string, _value: string, _serial: number): void {}

  #evictDownTo(size: number): void {
    while (this.#size > size && this.#length > 0) {
      const serial = this.#inserted - this.#length;
      const slot = serial & this.#mask;
      const name = this.#names[slot];
      const value = this.#values[slot];
      this.#names[slot] = '';
      this.#values[slot] = '';
      this.#length--;
      this.#size -= name.length + value.length + ENTRY_OVERHEAD;
      this.evicted(name, value, serial);
    }
  }

  #grow(): void {
    const slots = (this.#mask + 1) * 2;
    const names: string[] = new Array(slots).fill('');
    const values: string[] = new Array(slots).fill('');
    for (let serial = this.#inserted - this.#length; serial < this.#inserted; serial++) {
      names[serial & (slots - 1)] = this.#names[serial & this.#mask];
      values[serial & (slots - 1)] = this.#values[serial & this.#mask];
    }
    this.#names = names;
    this.#values = values;
    this.#mask = slots - 1;
  }
}
