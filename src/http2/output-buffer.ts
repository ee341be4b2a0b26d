import type { PayloadMemory } from './payload-memory.js';

/** A chunk is twice as large as the one before it, so that a connection that says little keeps little. */
const FIRST_CHUNK_LENGTH = 512;
const LAST_CHUNK_LENGTH = 32 * 1024;

/** A payload of at least this many octets is queued by reference, because a copy costs more than one more iovec. */
const REFERENCE_LENGTH = 16 * 1024;

/**
 * What a connection wants to send, in order. Small pieces are written into shared chunks, large payloads are kept by
 * reference. A chunk that was taken is never written again: it belongs to the kernel until the write completes, and so does
 * the memory of a payload, which whoever takes the chunks lets go then.
 */
export class OutputBuffer {
  /** Octets queued and not taken yet. */
  length = 0;
  /** The open chunk and the next free octet in it: frame writers store at `bytes[position]` after `reserve`. */
  bytes: Uint8Array = Buffer.allocUnsafeSlow(0);
  position = 0;

  #start = 0;
  #nextLength = FIRST_CHUNK_LENGTH;
  #closed: Uint8Array[] = [];
  readonly #memory: PayloadMemory | undefined;

  constructor(memory?: PayloadMemory) {
    this.#memory = memory;
  }

  /** Makes room for `count` contiguous octets at `position` and counts them as queued. The caller must write all of them. */
  reserve(count: number): void {
    if (this.bytes.length - this.position < count) {
      this.#closeChunk();
      this.bytes = Buffer.allocUnsafeSlow(Math.max(this.#nextLength, count));
      this.#nextLength = Math.min(this.#nextLength * 2, LAST_CHUNK_LENGTH);
      this.#start = this.position = 0;
    }
    this.length += count;
  }

  /** Whether what begins at `position` in the open chunk was not taken, and `count` octets that are copied fit behind it. */
  canExtend(position: number, count: number): boolean {
    return position >= this.#start && count < REFERENCE_LENGTH && this.bytes.length - this.position >= count;
  }

  /** Appends `payload[from, to)`. The memory must not change until it is let go. */
  append(payload: Uint8Array, from = 0, to = payload.length): void {
    if (to - from < REFERENCE_LENGTH) return this.copy(payload, from, to);
    this.#closeChunk();
    this.#memory?.keep(payload);
    this.#closed.push(from === 0 && to === payload.length ? payload : payload.subarray(from, to));
    this.length += to - from;
  }

  /** Appends a copy of `payload[from, to)`. */
  copy(payload: Uint8Array, from: number, to: number): void {
    const count = to - from;
    this.reserve(count);
    const { bytes, position } = this;
    if (count <= 64) {
      // For a few octets a loop is cheaper than the view that `set` needs.
      for (let index = 0; index < count; index++) bytes[position + index] = payload[from + index];
    } else {
      bytes.set(from === 0 && to === payload.length ? payload : payload.subarray(from, to), position);
    }
    this.position = position + count;
  }

  /** Hands over all that is queued, as the buffers of one gathering write. */
  take(): Uint8Array[] {
    this.#closeChunk();
    const taken = this.#closed;
    this.#closed = [];
    this.length = 0;
    return taken;
  }

  #closeChunk(): void {
    if (this.position > this.#start) {
      this.#closed.push(this.bytes.subarray(this.#start, this.position));
      this.#start = this.position;
    }
  }
}
