import { MESSAGE_PREFIX_LENGTH } from '../rpc/message-prefix.js';

const SMALLEST = 4 * 1024;

/** A message that was cut out of its frames. */
export interface ReceivedMessage {
  payload: Uint8Array;
  readonly compressed: boolean;
}

/**
 * Whole messages that wait in the form in which they came, prefix and payload, in one buffer. An object and a view for each
 * take about two hundred octets, and an empty message five: a peer that sends those must not take forty times the memory that
 * its window allows.
 */
export class PackedMessages {
  /** How many there are. */
  length = 0;
  #bytes = Buffer.allocUnsafeSlow(SMALLEST);
  #from = 0;
  #to = 0;

  /** Their octets, those of their prefixes included. */
  get octets(): number {
    return this.#to - this.#from;
  }

  /** Adds a copy of a message behind the others. */
  push(payload: Uint8Array, compressed: boolean): void {
    const to = this.#to + MESSAGE_PREFIX_LENGTH + payload.length;
    if (to > this.#bytes.length) this.#move(to - this.#from);
    this.#bytes[this.#to] = compressed ? 1 : 0;
    this.#bytes.writeUInt32BE(payload.length, this.#to + 1);
    this.#bytes.set(payload, this.#to + MESSAGE_PREFIX_LENGTH);
    this.#to += MESSAGE_PREFIX_LENGTH + payload.length;
    this.length++;
  }

  /** Takes the first one; `length` must be over 0. Its payload is a view into memory that is never written again. */
  shift(): ReceivedMessage {
    const start = this.#from + MESSAGE_PREFIX_LENGTH;
    const end = start + this.#bytes.readUInt32BE(this.#from + 1);
    const compressed = this.#bytes[this.#from] === 1;
    this.#from = end;
    this.length--;
    // Not `subarray`, which makes a Buffer: that takes twice as long.
    return { payload: new Uint8Array(this.#bytes.buffer, start, end - start), compressed };
  }

  /** To a buffer of its own, in which those that were taken have no place, with room for `octets` and for as many again. */
  #move(octets: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(SMALLEST, 2 * octets));
    larger.set(this.#bytes.subarray(this.#from, this.#to));
    this.#to -= this.#from;
    this.#from = 0;
    this.#bytes = larger;
  }
}
