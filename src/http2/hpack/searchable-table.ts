import { DynamicTable } from './dynamic-table.js';

/** What the table holds under one name: the serial numbers of its entries. */
export interface NamedEntries {
  newest: number;
  byValue: Map<string, number>;
}

/**
 * A dynamic table that finds entries by content. Entries are told apart by their serial number, which never changes while the
 * index on the wire grows with each insertion.
 */
export class SearchableTable extends DynamicTable {
  readonly #byName = new Map<string, NamedEntries>();

  /** The entries with this name, for reading only. */
  entriesOf(name: string): NamedEntries | undefined {
    return this.#byName.get(name);
  }

  override insert(name: string, value: string): void {
    const serial = this.inserted;
    super.insert(name, value);
    if (this.inserted === serial) return;
    const entries = this.#byName.get(name);
    if (entries === undefined) {
      this.#byName.set(name, { newest: serial, byValue: new Map([[value, serial]]) });
    } else {
      entries.newest = serial;
      entries.byValue.set(value, serial);
    }
  }

  protected override evicted(name: string, value: string, serial: number): void {
    const entries = this.#byName.get(name)!;
    // Entries leave oldest first, so the newest of a name leaves last.
    if (entries.newest === serial) this.#byName.delete(name);
    else if (entries.byValue.get(value) === serial) entries.byValue.delete(value);
  }
}
