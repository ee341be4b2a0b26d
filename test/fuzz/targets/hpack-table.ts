import { HpackDecoder } from '../../../src/http2/hpack/hpack-decoder.js';
import { check } from '../check.js';
import type { FuzzTarget } from '../fuzz-target.js';
import type { Random } from '../random.js';

const STATIC_LENGTH = 61;
const words = ['a', 'b', 'name', 'x'.repeat(100), 'x'.repeat(900)];

type Field = readonly [name: string, value: string];

/** An encoder that uses its table as no sane one does. Its table is written after RFC 7541 section 4, and slow. */
class EccentricEncoder {
  readonly #random: Random;
  #table: Field[] = [];
  #maxSize = 4_096;

  constructor(random: Random) {
    this.#random = random;
  }

  /** One header block. @returns it, and the fields that it says. */
  block(): { octets: Buffer; fields: string[] } {
    const octets: number[] = [];
    const fields: Field[] = [];
    const random = this.#random;
    for (let updates = random.once(4) ? 1 + random.below(2) : 0; updates > 0; updates--) {
      this.#maxSize = random.pick([0, 40, 200, 1_000, 4_096]);
      integer(octets, 0x20, 0x1f, this.#maxSize);
      this.#evict();
    }
    for (let count = random.below(6); count > 0; count--) fields.push(this.#field(octets));
    return { octets: Buffer.from(octets), fields: fields.flat() };
  }

  #field(octets: number[]): Field {
    const random = this.#random;
    if (this.#table.length > 0 && random.once(2)) {
      const at = random.below(this.#table.length);
      integer(octets, 0x80, 0x7f, STATIC_LENGTH + 1 + at);
      return this.#table[at] as Field;
    }
    const insert = random.once(2);
    const [pattern, prefix] = insert ? [0x40, 0x3f] : [random.pick([0x00, 0x10]), 0x0f];
    let name = random.pick(words);
    const value = random.pick(words);
    if (this.#table.length > 0 && random.once(2)) {
      const at = random.below(this.#table.length);
      name = (this.#table[at] as Field)[0];
      integer(octets, pattern, prefix, STATIC_LENGTH + 1 + at);
    } else {
      octets.push(pattern);
      string(octets, name);
    }
    string(octets, value);
    if (insert) {
      this.#table.unshift([name, value]);
      this.#evict();
    }
    return [name, value];
  }

  #evict(): void {
    const size = (): number => this.#table.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (size() > this.#maxSize) this.#table.pop();
  }
}

/** RFC 7541 section 5.1. */
function integer(octets: number[], pattern: number, prefix: number, value: number): void {
  if (value < prefix) {
    octets.push(pattern | value);
    return;
  }
  octets.push(pattern | prefix);
  let rest = value - prefix;
  for (; rest >= 0x80; rest >>>= 7) octets.push((rest & 0x7f) | 0x80);
  octets.push(rest);
}

function string(octets: number[], text: string): void {
  integer(octets, 0, 0x7f, text.length);
  octets.push(...Buffer.from(text, 'latin1'));
}

/** Blocks that insert, evict, resize and repeat: the decoder's table goes along. */
export const hpackTable: FuzzTarget = {
  name: 'hpack-table',
  run(random: Random): void {
    const encoder = new EccentricEncoder(random);
    const decoder = new HpackDecoder({ maxHeaderListSize: 100_000 });
    for (let count = 1 + random.below(30); count > 0; count--) {
      const { octets, fields } = encoder.block();
      const decoded = decoder.decode(octets);
      check(
        JSON.stringify(decoded) === JSON.stringify(fields),
        () => `${octets.toString('hex')} is ${decoded}, not ${fields}`,
      );
    }
  },
};
