import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { recycledMemory } from './recycled-memory.js';

/** Octets of a slab. */
const SLAB_LENGTH = 32 * 1024;

/** Up to this length a loop over the characters is faster than a call into C++. */
const SHORT_STRING = 64;

const MAX_INT32 = 0x7fff_ffff;
const MIN_INT32 = -0x8000_0000;
const MAX_UINT32 = 0xffff_ffff;
const MAX_SAFE_BIGINT = BigInt(Number.MAX_SAFE_INTEGER);

/** What a Buffer does for `write(text, offset, 'utf8')`, without its checks of the arguments. */
const { utf8Write } = Buffer.prototype as unknown as {
  utf8Write(this: Uint8Array, text: string, offset: number, length: number): number;
};

/**
 * Writes messages one behind the other into slabs and gives views of them, where the class that it extends makes an
 * ArrayBuffer for each: that alone was a third of what it takes to encode a small message. Memory that was given away is
 * never written again, but that of a large message, which is `recycledMemory`: who gets it from `finish` holds it.
 */
export class ProtobufWriter extends BinaryWriter {
  #slab: Uint8Array = Buffer.allocUnsafeSlow(SLAB_LENGTH);
  /** Where the present message begins, and where its next octet goes. */
  #start = 0;
  #at = 0;
  /** Where its present submessages begin, counted from its own beginning. */
  readonly #forks: number[] = [];
  /** The slab to go on with behind a message that had to have a longer one. */
  #usualSlab: Uint8Array | undefined;
  #usualStart = 0;

  override finish(): Uint8Array<ArrayBuffer> {
    const slab = this.#slab;
    const bytes = new Uint8Array(slab.buffer as ArrayBuffer, this.#start, this.#at - this.#start);
    this.#start = this.#at;
    if (this.#usualSlab !== undefined) this.#returnToUsualSlab();
    return bytes;
  }

  /** Drops what was written since `finish`. */
  abandon(): void {
    this.#at = this.#start;
    this.#forks.length = 0;
    if (this.#usualSlab === undefined) return;
    recycledMemory.letGo(this.#slab);
    this.#returnToUsualSlab();
  }

  override fork(): this {
    this.#forks.push(this.#at - this.#start);
    // Most lengths take one octet; `join` moves what is longer.
    this.#makeRoom(1);
    this.#at++;
    return this;
  }

  override join(): this {
    const fork = this.#forks.pop();
    if (fork === undefined) throw new Error('join without fork');
    let from = this.#start + fork;
    const length = this.#at - from - 1;
    if (length < 0x80) {
      this.#slab[from] = length;
      return this;
    }
    const prefix = varintLength(length);
    this.#makeRoom(prefix - 1);
    from = this.#start + fork;
    this.#slab.copyWithin(from + prefix, from + 1, from + 1 + length);
    this.#at = writeVarint(this.#slab, from, length) + length;
    return this;
  }

  override tag(field: number, type: number): this {
    return this.uint32(((field << 3) | type) >>> 0);
  }

  override raw(chunk: Uint8Array): this {
    const { length } = chunk;
    this.#makeRoom(length);
    this.#slab.set(chunk, this.#at);
    this.#at += length;
    return this;
  }

  override uint32(value: number): this {
    // All that most fields are: a tag, a length, a small number.
    if (value >= 0 && value < 0x80 && value === (value | 0)) {
      if (this.#slab.length === this.#at) this.#replaceSlab(1);
      this.#slab[this.#at++] = value;
      return this;
    }
    if (!Number.isInteger(value) || value > MAX_UINT32 || value < 0) return this.#adopt(super.uint32(value));
    this.#makeRoom(5);
    this.#at = writeVarint(this.#slab, this.#at, value);
    return this;
  }

  override int32(value: number): this {
    if (value >= 0 && value <= MAX_INT32) return this.uint32(value);
    return this.#adopt(super.int32(value));
  }

  override sint32(value: number): this {
    if (!Number.isInteger(value) || value > MAX_INT32 || value < MIN_INT32) return this.#adopt(super.sint32(value));
    return this.uint32(((value << 1) ^ (value >> 31)) >>> 0);
  }

  override bool(value: boolean): this {
    return this.uint32(value ? 1 : 0);
  }

  override bytes(value: Uint8Array): this {
    return this.uint32(value.byteLength).raw(value);
  }

  override string(value: string): this {
    // Of what is no string `String` would make a text even of a symbol.
    const text = typeof value === 'string' ? value : `${value}`;
    const { length } = text;
    if (length <= SHORT_STRING) {
      this.#makeRoom(length + 1);
      const slab = this.#slab;
      const from = this.#at + 1;
      let seen = 0;
      for (let index = 0; index < length; index++) {
        const code = text.charCodeAt(index);
        seen |= code;
        slab[from + index] = code;
      }
      if (seen < 0x80) {
        slab[from - 1] = length;
        this.#at = from + length;
        return this;
      }
    }
    // A UTF-16 unit takes at most three octets. The length is guessed to be that of ASCII.
    this.#makeRoom(length * 3 + 5);
    const slab = this.#slab;
    const guessed = varintLength(length);
    const written = utf8Write.call(slab, text, this.#at + guessed, length * 3);
    const prefix = varintLength(written);
    if (prefix !== guessed) slab.copyWithin(this.#at + prefix, this.#at + guessed, this.#at + guessed + written);
    this.#at = writeVarint(slab, this.#at, written) + written;
    return this;
  }

  override int64(value: string | number | bigint): this {
    return this.#safeVarint(value) ?? this.#adopt(super.int64(value));
  }

  override uint64(value: string | number | bigint): this {
    return this.#safeVarint(value) ?? this.#adopt(super.uint64(value));
  }

  // The rest is rare: the class that it extends writes it, and checks its values.

  override sint64(value: string | number | bigint): this {
    return this.#adopt(super.sint64(value));
  }

  override fixed64(value: string | number | bigint): this {
    return this.#adopt(super.fixed64(value));
  }

  override sfixed64(value: string | number | bigint): this {
    return this.#adopt(super.sfixed64(value));
  }

  override fixed32(value: number): this {
    return this.#adopt(super.fixed32(value));
  }

  override sfixed32(value: number): this {
    return this.#adopt(super.sfixed32(value));
  }

  override float(value: number): this {
    return this.#adopt(super.float(value));
  }

  override double(value: number): this {
    return this.#adopt(super.double(value));
  }

  /** Takes over what `super` has just written to its own memory. */
  #adopt(_written: this): this {
    return this.raw(super.finish());
  }

  #safeVarint(value: string | number | bigint): this | undefined {
    if (typeof value !== 'bigint' || value < 0n || value > MAX_SAFE_BIGINT) return undefined;
    this.#makeRoom(8);
    this.#at = writeVarint(this.#slab, this.#at, Number(value));
    return this;
  }

  #makeRoom(octets: number): void {
    if (this.#slab.length - this.#at < octets) this.#replaceSlab(octets);
  }

  /** Goes on in another slab, with what there is of the present message. */
  #replaceSlab(octets: number): void {
    const begun = this.#at - this.#start;
    const needed = begun + octets;
    const before = this.#slab;
    const large = needed > SLAB_LENGTH;
    const slab = large ? recycledMemory.lend(Math.max(2 * begun, needed + 256)) : Buffer.allocUnsafeSlow(SLAB_LENGTH);
    slab.set(before.subarray(this.#start, this.#at));
    this.#slab = slab;
    if (this.#usualSlab !== undefined) recycledMemory.letGo(before);
    else if (large) {
      this.#usualSlab = before;
      this.#usualStart = this.#start;
    }
    this.#start = 0;
    this.#at = begun;
  }

  #returnToUsualSlab(): void {
    this.#slab = this.#usualSlab as Uint8Array;
    this.#start = this.#at = this.#usualStart;
    this.#usualSlab = undefined;
  }
}

function varintLength(value: number): number {
  if (value < 0x80) return 1;
  return value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

/** Writes a whole number of up to 53 bits. @returns the offset behind it. */
function writeVarint(target: Uint8Array, at: number, value: number): number {
  let rest = value;
  // Beyond 31 bits without the operators that cut to 32.
  for (; rest > MAX_INT32; rest = Math.floor(rest / 0x80)) target[at++] = (rest % 0x80) | 0x80;
  for (; rest > 0x7f; rest >>>= 7) target[at++] = (rest & 0x7f) | 0x80;
  target[at++] = rest;
  return at;
}
