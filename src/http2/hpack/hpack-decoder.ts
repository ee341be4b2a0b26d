import { DynamicTable, ENTRY_OVERHEAD, INITIAL_TABLE_SIZE } from './dynamic-table.js';
import type { HeaderFields } from './header-fields.js';
import { HpackError } from './hpack-error.js';
import { huffmanDecode, huffmanDecodedBound } from './huffman.js';
import { type BlockPosition, readInteger } from './integer.js';
import { readLatin1 } from './latin1.js';
import { STATIC_TABLE } from './static-table.js';

const DEFAULT_MAX_HEADER_LIST_SIZE = 16_384;

const STATIC_NAMES = STATIC_TABLE.map(([name]) => name);
const STATIC_VALUES = STATIC_TABLE.map(([, value]) => value);
const STATIC_LENGTH = STATIC_TABLE.length;

const EMPTY = new Uint8Array(0);

/** Where Huffman strings are decoded before they become strings. Decoding never yields, so all decoders share it. */
const HUFFMAN_OUTPUT = new Uint8Array(16_384);

/** Blocks up to this many octets are remembered, as many as this, which is a power of two. */
const REMEMBERED_LENGTH = 32;
const REMEMBERED_BLOCKS = 32;

/** A block that is nothing but indices, which mean the same as long as the table does not change. */
interface RememberedBlock {
  readonly octets: Uint8Array;
  readonly inserted: number;
  readonly fields: HeaderFields;
}

/** Reads the header blocks of one direction of a connection (RFC 7541), in the order in which they arrive. */
export class HpackDecoder {
  readonly #table = new DynamicTable();
  readonly #at: BlockPosition = { block: EMPTY, offset: 0 };
  readonly #maxHeaderListSize: number;
  #maxTableSize: number;
  /** The smallest size that the peer still has to acknowledge with an update. */
  #reduceTo = Number.POSITIVE_INFINITY;
  #headerListTooLarge = false;
  /** The block that was decoded last had neither literals nor a size update. */
  #onlyIndices = false;
  /** Octets of the string that `#readString` read last, also when it was not materialised. */
  #stringLength = 0;
  /** By a hash of their octets. From call to call most blocks are the same: found here, one costs a fifth. */
  #remembered: (RememberedBlock | undefined)[] = [];

  /**
   * @param options.maxTableSize octets that a size update may ask for, as advertised in SETTINGS_HEADER_TABLE_SIZE; default
   *   4096. Less than that takes effect through `setMaxTableSize`, because a peer works with 4096 until it has our settings
   * @param options.maxHeaderListSize octets of one header list, counted as RFC 9113 section 6.5.2 has it: name, value and 32
   *   for each field; default 16384
   */
  constructor(options: { maxTableSize?: number; maxHeaderListSize?: number } = {}) {
    this.#maxTableSize = Math.max(options.maxTableSize ?? 0, INITIAL_TABLE_SIZE);
    this.#maxHeaderListSize = options.maxHeaderListSize ?? DEFAULT_MAX_HEADER_LIST_SIZE;
  }

  /** Whether the header list of the last `decode` passed the limit, so that its result is incomplete. */
  get headerListTooLarge(): boolean {
    return this.#headerListTooLarge;
  }

  /**
   * Applies a changed SETTINGS_HEADER_TABLE_SIZE of ours; call it when the peer has acknowledged the setting. A size below the
   * table's present one obliges the peer to begin its next block with a size update (RFC 7541 section 4.2).
   */
  setMaxTableSize(size: number): void {
    this.#maxTableSize = size;
    if (size < this.#table.maxSize) this.#reduceTo = Math.min(this.#reduceTo, size);
  }

  /**
   * Decodes one complete header block, `bytes[from, to)`. Past the list limit fields are dropped, and nothing is built for
   * them but what the dynamic table needs to stay in step.
   *
   * @returns a list that is frozen when a later block may give it too.
   * @throws HpackError when the block is not allowed: a COMPRESSION_ERROR of the connection, the decoder is of no more use
   */
  decode(bytes: Uint8Array, from = 0, to = bytes.length): HeaderFields {
    const line = this.#lineOf(bytes, from, to);
    const remembered = this.#remembered[line];
    if (remembered?.inserted === this.#table.inserted && isAt(remembered.octets, bytes, from, to)) {
      this.#headerListTooLarge = false;
      return remembered.fields;
    }
    const { inserted } = this.#table;
    const block = bytes.subarray(from, to);
    const fields = this.#decode(block);
    if (line >= 0 && !this.#headerListTooLarge && this.#onlyIndices) {
      const octets = Uint8Array.prototype.slice.call(block);
      this.#remembered[line] = { octets, inserted, fields: Object.freeze(fields) as HeaderFields };
    }
    return fields;
  }

  /** -1 for a block that is not remembered. */
  #lineOf(bytes: Uint8Array, from: number, to: number): number {
    if (to - from > REMEMBERED_LENGTH || this.#reduceTo !== Number.POSITIVE_INFINITY) return -1;
    let hash = 0;
    for (let at = from; at < to; at++) hash = (hash * 31 + bytes[at]) | 0;
    return hash & (REMEMBERED_BLOCKS - 1);
  }

  #decode(block: Uint8Array): HeaderFields {
    const fields: HeaderFields = [];
    this.#onlyIndices = true;
    const table = this.#table;
    const at = this.#at;
    at.block = block;
    at.offset = 0;
    this.#headerListTooLarge = false;
    this.#readSizeUpdates();
    let room = this.#maxHeaderListSize;

    while (at.offset < block.length) {
      const octet = block[at.offset];
      let name: string | undefined;
      let value: string | undefined;
      let size: number;

      if (octet >= 0x80) {
        // Indexed field (section 6.1).
        const index = readInteger(at, 0x7f) - 1;
        if (index >= 0 && index < STATIC_LENGTH) {
          name = STATIC_NAMES[index];
          value = STATIC_VALUES[index];
        } else {
          this.#checkDynamic(index);
          name = table.nameAt(index - STATIC_LENGTH);
          value = table.valueAt(index - STATIC_LENGTH);
        }
        size = name.length + value.length + ENTRY_OVERHEAD;
      } else {
        if (octet >= 0x20 && octet < 0x40) {
          throw new HpackError('a table size update comes after a field (RFC 7541 section 4.2)');
        }
        // Literals: with incremental indexing (section 6.2.1), without (6.2.2), never indexed (6.2.3).
        this.#onlyIndices = false;
        const insert = octet >= 0x40;
        const wanted = (insert ? Math.max(room, table.maxSize) : room) - ENTRY_OVERHEAD;
        const index = readInteger(at, insert ? 0x3f : 0x0f) - 1;
        if (index < 0) {
          name = this.#readString(wanted);
          size = this.#stringLength;
        } else {
          name = this.#nameAt(index);
          size = name.length;
        }
        value = this.#readString(wanted - size);
        size += this.#stringLength + ENTRY_OVERHEAD;
        if (insert) {
          if (size <= table.maxSize) table.insert(name!, value!);
          else this.#clearTable();
        }
      }

      if (size <= room) {
        room -= size;
        fields.push(name!, value!);
      } else {
        this.#headerListTooLarge = true;
        // Not even a small field fits behind one that was dropped: the list is cut, not thinned out.
        room = -1;
      }
    }
    at.block = EMPTY;
    return fields;
  }

  #readSizeUpdates(): void {
    const at = this.#at;
    const { block } = at;
    // One to the smallest size since the last block, one to the final size (section 4.2).
    let updates = 0;
    while (at.offset < block.length && (block[at.offset] & 0xe0) === 0x20) {
      const size = readInteger(at, 0x1f);
      if (++updates > 2) throw new HpackError('more than two table size updates in one block');
      if (size > this.#maxTableSize) {
        throw new HpackError(`a table size update to ${size} is above the advertised ${this.#maxTableSize}`);
      }
      if (size <= this.#reduceTo) this.#reduceTo = Number.POSITIVE_INFINITY;
      this.#table.resize(size);
      this.#remembered = [];
      this.#onlyIndices = false;
    }
    if (this.#reduceTo !== Number.POSITIVE_INFINITY) {
      throw new HpackError(`no table size update to ${this.#reduceTo} or less after that was advertised`);
    }
  }

  #clearTable(): void {
    this.#table.clear();
    this.#remembered = [];
  }

  #nameAt(index: number): string {
    if (index < STATIC_LENGTH) return STATIC_NAMES[index];
    this.#checkDynamic(index);
    return this.#table.nameAt(index - STATIC_LENGTH);
  }

  #checkDynamic(index: number): void {
    if (index < 0) throw new HpackError('index 0 is used');
    if (index - STATIC_LENGTH >= this.#table.length) throw new HpackError(`index ${index + 1} is out of range`);
  }

  /** Reads a string literal (section 5.2). One longer than `wanted` is checked, but not materialised. */
  #readString(wanted: number): string | undefined {
    const at = this.#at;
    const { block } = at;
    if (at.offset >= block.length) throw new HpackError('the header block ends before a string');
    const huffman = block[at.offset] >= 0x80;
    const length = readInteger(at, 0x7f);
    const start = at.offset;
    const end = start + length;
    if (end > block.length) throw new HpackError('the header block ends inside a string');
    at.offset = end;
    if (!huffman) {
      this.#stringLength = length;
      return length <= wanted ? readLatin1(block, start, end) : undefined;
    }
    const bound = huffmanDecodedBound(length);
    const output = bound <= HUFFMAN_OUTPUT.length ? HUFFMAN_OUTPUT : new Uint8Array(bound);
    const decoded = huffmanDecode(block, start, end, output);
    this.#stringLength = decoded;
    return decoded <= wanted ? readLatin1(output, 0, decoded) : undefined;
  }
}

function isAt(octets: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (octets.length !== to - from) return false;
  for (let index = 0; index < octets.length; index++) if (octets[index] !== bytes[from + index]) return false;
  return true;
}
