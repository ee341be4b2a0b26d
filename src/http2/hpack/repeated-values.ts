/** Names remembered at a time. */
const MAX_NAMES = 32;

/** Values remembered for each. */
const MAX_VALUES = 4;

/**
 * Tells metadata that repeats (a tenant, a version) from metadata that belongs to one call (a trace id), by remembering the
 * last few values of the last few names.
 */
export class RepeatedValues {
  readonly #valuesByName = new Map<string, string[]>();

  /** Whether the value came lately under this name; it is remembered if not. */
  seen(name: string, value: string): boolean {
    const values = this.#valuesByName.get(name);
    if (values === undefined) {
      // Starting anew is cheaper than an order of use, and what repeats is soon back.
      if (this.#valuesByName.size >= MAX_NAMES) this.#valuesByName.clear();
      this.#valuesByName.set(name, [value]);
      return false;
    }
    if (values.includes(value)) return true;
    if (values.length >= MAX_VALUES) values.shift();
    values.push(value);
    return false;
  }
}
