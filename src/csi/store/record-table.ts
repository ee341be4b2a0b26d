import type { Database, Key } from 'lmdb';

/** Behind every id and every value: keys are compared by their bytes, and this character's are the greatest. */
const LAST = '\uffff';

export interface RecordTableOptions<Entry, Index extends string> {
  /** Its own among the tables of a store. */
  readonly name: string;
  /** What records can be found by, besides their ids. Undefined: this record is not in that index. */
  readonly indexes: { readonly [Name in Index]: (record: Entry) => string | undefined };
}

export interface PageOptions {
  /** The page begins behind this id, whether there is such a record or not. Default: at the start. */
  readonly after?: string | undefined;
  /** Records at most. */
  readonly limit: number;
}

/**
 * Records of one kind by id, and by the values of some of their fields. Whatever is looked up costs as many steps as the
 * tree is high and the answer has records, not as there are records.
 *
 * Reads see what is committed, and within a transaction what it wrote. Writes belong into a transaction.
 */
export class RecordTable<Entry extends { readonly id: string }, Index extends string> {
  readonly #name: string;
  readonly #indexes: readonly (readonly [Index, (record: Entry) => string | undefined])[];
  readonly #records: Database<Entry, Key>;
  readonly #index: Database<true, Key>;

  constructor(
    records: Database<unknown, Key>,
    index: Database<true, Key>,
    { name, indexes }: RecordTableOptions<Entry, Index>,
  ) {
    this.#name = name;
    this.#indexes = Object.entries(indexes) as [Index, (record: Entry) => string | undefined][];
    this.#records = records as Database<Entry, Key>;
    this.#index = index;
  }

  get(id: string): Entry | undefined {
    return this.#records.get([this.#name, id]);
  }

  /** The first record with this value, in the order of ids. */
  findBy(index: Index, value: string): Entry | undefined {
    return this.pageBy(index, value, { limit: 1 })[0];
  }

  /** In the order of ids. */
  page({ after = '', limit }: PageOptions): Entry[] {
    const range = { start: [this.#name, after], end: [this.#name, LAST], exclusiveStart: true, limit };
    return Array.from(this.#records.getRange(range), ({ value }) => value);
  }

  /** The records with this value, in the order of ids. */
  pageBy(index: Index, value: string, options: PageOptions): Entry[] {
    return this.#idsBy(index, value, options).map((id) => this.get(id)!);
  }

  /** How many have this value, counted up to `limit`. */
  countBy(index: Index, value: string, limit: number): number {
    return this.#idsBy(index, value, { limit }).length;
  }

  /** All of them, in the order of ids, read as they are asked for. */
  *all(): Generator<Entry> {
    // In pages: a cursor that stays open while its reader does something else would keep old pages from being reused.
    for (let after: string | undefined; ; ) {
      const page = this.page({ after, limit: 100 });
      yield* page;
      if (page.length < 100) return;
      after = page.at(-1)!.id;
    }
  }

  /** Adds the record, or puts it in the place of the one with its id. In a transaction. */
  put(record: Entry): void {
    this.delete(record.id);
    this.#records.put([this.#name, record.id], record);
    for (const key of this.#indexKeys(record)) this.#index.put(key, true);
  }

  /** False when there was none. In a transaction. */
  delete(id: string): boolean {
    const record = this.get(id);
    if (record === undefined) return false;
    for (const key of this.#indexKeys(record)) this.#index.remove(key);
    this.#records.remove([this.#name, id]);
    return true;
  }

  #idsBy(index: Index, value: string, { after = '', limit }: PageOptions): string[] {
    const prefix = [this.#name, index, value];
    const range = { start: [...prefix, after], end: [...prefix, LAST], exclusiveStart: true, limit };
    return Array.from(this.#index.getKeys(range), (key) => (key as string[])[3]);
  }

  #indexKeys(record: Entry): string[][] {
    const keys: string[][] = [];
    for (const [index, read] of this.#indexes) {
      const value = read(record);
      if (value !== undefined) keys.push([this.#name, index, value, record.id]);
    }
    return keys;
  }
}
